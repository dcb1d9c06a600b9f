// The store: what has to outlive a process. SQLite in a file that is made when it is first wanted, or PostgreSQL for
// several nodes. Holds opaque sealed bytes and what must be looked up; knows nothing of cards and flows.
//
// Thread rule: any thread; one connection, used by one at a time.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crypto/seal.h"
#include "store/audit.h"
#include "store/budgets.h"
#include "store/database.h"
#include "store/domains.h"
#include "store/outbox.h"
#include "store/owners.h"
#include "store/proposals.h"
#include "store/rotations.h"
#include "store/runs.h"
#include "store/versions.h"

namespace cw::store {

struct StoreOptions {
  std::string where{};                         // a path, or postgres://...
  std::optional<std::filesystem::path> key{};  // file with the store's key; for a path: PATH.key, made with the store
  std::string node{};                          // name of this machine, of no other on the store; default: the host's
  std::chrono::milliseconds lease{15'000};     // how long a run is held without a sign of life
  std::chrono::milliseconds margin{3'000};     // within which the holder stops by itself
  std::chrono::milliseconds patience = kServerPatience;  // how long a server may be away
  bool make = true;                                      // make what is not there
  bool migrate = true;                                   // bring an older format up to this one
  bool or_read = false;                                  // one that cannot be written (SQLite) is opened to be read
};

/// The format of the tables that this program writes.
inline constexpr int64_t kStoreFormat = 6;

/// What frame `number` of a run is sealed in, under the run's key.
inline std::string frame_context(int64_t number) { return "frame " + std::to_string(number); }
/// What the key of a run is sealed in, and what a file is, under the store's key.
inline std::string run_key_context(const std::string& run) { return "key of run " + run; }
inline std::string file_context(const std::string& sha256) { return "file " + sha256; }

class Store {
 public:
  virtual ~Store() = default;

  /// Raises store: cannot be opened, another format (newer: which program can read it), corrupt, sealed under another
  /// key; usage: a location that is none, a key file that others may read.
  static std::shared_ptr<Store> open(const StoreOptions& options);

  virtual const std::string& where() const = 0;
  virtual const std::string& node() const = 0;
  /// Seals keys of runs, in run_key_context().
  virtual const crypto::SealingKey& key() const = 0;
  virtual Database& database() = 0;

  virtual Runs& runs() = 0;
  virtual Budgets& budgets() = 0;
  virtual Audit& audit() = 0;
  virtual Outbox& outbox() = 0;
  virtual Rotations& rotations() = 0;
  /// `owner`: whose; empty: the operator's own. Raises usage: there is no such owner.
  virtual Versions& policies(const std::string& owner = {}) = 0;
  virtual Versions& bundles(const std::string& owner = {}) = 0;
  virtual Owners& owners() = 0;
  virtual Domains& domains() = 0;
  virtual Proposals& proposals() = 0;

  /// Files that runs name by the SHA-256 of what they hold (64 hex digits): bundles, policies, CAP files. They stay
  /// while a run names them. `sealed`: under key(), as file_context() says. put() of one that is there does nothing.
  virtual void put_file(const std::string& sha256, ByteView sealed) = 0;
  /// Whether it is there; if it is, it stays until a run that is about to be made names it.
  virtual bool keep_file(const std::string& sha256) = 0;
  virtual std::optional<Bytes> file(const std::string& sha256) = 0;

  struct Check {
    int64_t format = 0;
    int64_t runs = 0, frames = 0, files = 0;
    std::vector<std::pair<std::string, int64_t>> states{};  // how many runs are in which
    int64_t audit_records = 0;
    std::vector<std::string> broken{};  // each a line for people; empty: nothing found
  };
  /// Reads everything once: the engine's own check of its pages, gaps in journals, keys that do not open, the audit.
  virtual Check check() = 0;

  struct JournalCheck {
    int64_t whole = 0;                  // as they were when their runs ended
    int64_t forgotten = 0;              // gone, and the audit says so
    std::vector<std::string> broken{};  // each a line for people
  };
  /// Holds the runs and their journals against what the audit says of them. Raises store: it cannot be read.
  virtual JournalCheck check_journals() = 0;
};

}  // namespace cw::store
