// Runs and their journals, as opaque sealed frames: who holds a run, what was written, in which order. A frame is
// written only by the holder of the run's lease, and each of them exactly once.
//
// Thread rule: any thread. Frames of runs that are written at the same moment share one sync (group commit).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "store/audit.h"
#include "store/lease.h"

namespace cw::store {

enum class RunState : uint8_t {
  running,  // an attempt is under way, or was when its process died
  waiting,  // for the clock or a device; nothing is in doubt
  stuck,    // attempts used up: waits for an operator
  done,     // the flow came to its end
  failed,   // card, policy, flow or backend said no
  stopped,  // by an operator, an issuer that told that its domain is gone, or the end of its owner
};
std::string_view name_of(RunState state);
std::optional<RunState> run_state_named(std::string_view name);
inline bool is_over(RunState state) {
  return state == RunState::done || state == RunState::failed || state == RunState::stopped;
}

/// What can be seen of a run without its key. Never a secret, an answer or an error's text: those are in the frames.
struct RunRow {
  std::string id{};  // 20 characters, sorts by time of creation
  RunState state = RunState::running;
  std::string flow{};
  std::string card{};     // name of the reader
  std::string card_id{};  // as the card gave it; empty: not known yet
  std::string flavor{};
  std::string bundle{};  // hashes
  std::string policy{};
  std::string policy_hash{};
  std::string owner{};         // whose it is; empty: the operator's own
  std::string owner_policy{};  // the owner's, under the operator's; empty: none
  std::string owner_policy_hash{};
  std::string node{};   // whose process wrote last
  int64_t created = 0;  // milliseconds since 1970
  int64_t changed = 0;
  int64_t wake = 0;  // state waiting: when it goes on; 0: on an event
  int64_t attempts = 0;
  int64_t frames = 0;   // how many there are
  std::string error{};  // kind of the error that it ended with, or empty
  bool stop_asked = false;
  bool held = false;                 // a process holds it, or died while it did
  std::vector<std::string> files{};  // SHA-256 of files of the store that it needs; filled by find() only
};

/// A key set in custody, by its name; never a byte of it.
struct NamedKeys {
  std::string set{};
  int64_t version = 0;  // that the card was asked for; 0: the set's own
  bool operator==(const NamedKeys&) const = default;
};
/// Which run needs it.
struct KeyHolder {
  std::string run{};
  NamedKeys keys{};
};

/// What changes in the row together with a frame; absent: as it was.
struct RunChange {
  std::optional<RunState> state{};
  std::optional<std::string> card_id{};
  std::optional<int64_t> attempts{};
  std::optional<int64_t> wake{};
  std::optional<std::string> error{};
  std::optional<AuditEntry> record{};  // added to the audit: both are there, or neither
  std::vector<NamedKeys> keys{};       // that the run needs from now on, until it is over
};

struct RunFilter {
  std::optional<RunState> state{};
  std::string flow{};                  // a pattern with *, or empty
  std::string card_id{};               // or empty
  std::optional<std::string> owner{};  // whose; absent: anybody's
  int64_t limit = 0;                   // the newest so many; 0: all
};

/// 20 characters: the time, then random ones; digits and lower-case letters without i, l, o and u.
std::string new_run_id();

/// Which policies a run may begin under: any, or only the one that operators have in use then, and any as long as none
/// ever was.
enum class PolicyIs : uint8_t { any, in_use };

/// How many runs may begin, as the policy of the one that begins says it.
struct Quota {
  std::vector<std::string> flows{};  // patterns
  int64_t runs = 0;
  int64_t window = 0;  // milliseconds up to now that they are counted in; 0: those that are under way are
  std::string says{};  // for people
  std::optional<std::string> owner{};  // whose runs it counts; absent: all
};

class Runs {
 public:
  virtual ~Runs() = default;

  /// A new run with its first frame, leased to this process. `row` without what the store knows by itself (node, times,
  /// frames); its id is one of new_run_id(), or empty for a new one. `key`: the run's key, sealed. Raises store: also,
  /// with the cause "policy", where the row's policy has to be the one in use (Versions::for_run()) and is not: another
  /// came into use. So it is with the owner's policy, where it has an owner. `bundle`: hash of the one that has to be
  /// in use (the row's own has the flow files too that were added to it), with the cause "bundle"; empty: any may be.
  /// Raises policy, with the cause "quota": no more may begin now.
  virtual Lease create(const RunRow& row, ByteView key, ByteView frame, PolicyIs policy = PolicyIs::any,
                       const std::string& bundle = {}, const std::vector<Quota>& quotas = {}) = 0;

  /// Writes the next frame under the lease; durable on return, and the lease counts from now. One that ran out
  /// meanwhile is good again if nobody took the run: the fence decides. Raises store: another holds the run (cause
  /// "fenced"), disk full, store gone. Where the outcome of a commit is not known, it is asked for until it is, or the
  /// store stays away.
  virtual void append(Lease& lease, ByteView frame, const RunChange& change = {}) = 0;

  /// A run by its id, or the beginning of one. `owner`: of these alone, as if there were no others; absent: anybody's.
  /// Raises usage: none, or several.
  virtual RunRow find(const std::string& id, const std::optional<std::string>& owner = {}) = 0;
  /// The state of the run with this whole id; nothing: there is none.
  virtual std::optional<RunState> state_of(const std::string& id) = 0;
  /// The newest first.
  virtual std::vector<RunRow> list(const RunFilter& filter) = 0;
  /// From the first on, without a gap. Raises store: there is one.
  virtual std::vector<Bytes> frames(const std::string& id) = 0;
  virtual Bytes key(const std::string& id) = 0;

  /// Runs that are not over and have used this key set, or may go on with it: until they are over it must not be
  /// destroyed. "acme/isd" is the owner acme's; one of the operator's may have been lent to any owner's run.
  virtual std::vector<KeyHolder> holders_of(const std::string& set) = 0;
  /// The key sets that the run needs, by name; none if it is over.
  virtual std::vector<NamedKeys> keys_of(const std::string& id) = 0;

  /// An operator wants it to end at its next boundary. Its holder sees that with its next append.
  virtual void ask_to_stop(const std::string& id) = 0;

  /// Takes the lease of a run that nobody holds, or whose holder is gone: at once if that process is known to be dead,
  /// else after its expiry and margin have passed by this process's clock without a sign of life. `waits` is told how
  /// long, and gives up by returning false. Raises store: it is held and stays held (cause "held"), or `waits` gave up;
  /// usage: no such run, or it is over.
  virtual Lease take(const std::string& id, const std::function<bool(std::chrono::milliseconds)>& waits) = 0;
  /// Whether it is over, or not there, or its process is known to be dead, or none holds it.
  virtual bool nobody_holds(const std::string& id) = 0;
  /// Nobody holds it from now on.
  virtual void release(Lease& lease) = 0;

  /// Transactions in which frames were written: fewer than frames where runs share them.
  virtual int64_t commits() const = 0;

  /// Puts in a run that was exported elsewhere. Over, and held by nobody. Raises usage: its id is there.
  virtual void put(const RunRow& row, ByteView key, const std::vector<Bytes>& frames) = 0;
};

}  // namespace cw::store
