// Runs on a database.
//
// Thread rule: any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "group_commit_private.h"
#include "holder_private.h"
#include "renewal_private.h"
#include "store/runs.h"

namespace cw::store {

class RunsOnDatabase : public Runs {
 public:
  /// `node` is the only one of its name on the database.
  RunsOnDatabase(Database& db, Audit& audit, std::string node, std::chrono::milliseconds lease,
                 std::chrono::milliseconds margin)
      : db_(db),
        node_(std::move(node)),
        length_(lease),
        margin_(margin),
        group_(db, audit, node_),
        renewal_(db, lease) {}

  Lease create(const RunRow& row, ByteView key, ByteView frame, PolicyIs policy, const std::string& bundle,
               const std::vector<Quota>& quotas) override;
  void append(Lease& lease, ByteView frame, const RunChange& change) override;
  RunRow find(const std::string& id, const std::optional<std::string>& owner) override;
  std::optional<RunState> state_of(const std::string& id) override;
  std::vector<RunRow> list(const RunFilter& filter) override;
  std::vector<Bytes> frames(const std::string& id) override;
  Bytes key(const std::string& id) override;
  std::vector<KeyHolder> holders_of(const std::string& set) override;
  std::vector<NamedKeys> keys_of(const std::string& id) override;
  void ask_to_stop(const std::string& id) override;
  Lease take(const std::string& id, const std::function<bool(std::chrono::milliseconds)>& waits) override;
  bool nobody_holds(const std::string& id) override;
  void release(Lease& lease) override;
  void put(const RunRow& row, ByteView key, const std::vector<Bytes>& frames) override;

  int64_t commits() const override { return group_.commits(); }

 private:
  /// What of a row says who holds it, and whether that one gives a sign of life.
  struct Hold {
    RunState state{};
    Holder holder{};
    int64_t fence = 0;
    int64_t beat = 0;
    std::chrono::milliseconds length{0};
    std::chrono::milliseconds seen{0};  // boot_time() after it was read
  };

  Hold hold(const std::string& id);
  /// The same hold as it was seen first by somebody who did not wait: it runs out whoever watches it.
  Hold seen_first(const std::string& id, const Hold& now);
  /// Nothing if the holder gave a sign of life meanwhile.
  std::optional<Lease> take_over(const std::string& id, const Hold& from);
  /// Again until it is known to be committed: `attempt` changes nothing the second time.
  std::vector<Result> run_until_known(const std::vector<Statement>& attempt);
  void renew_now(Lease& lease);
  /// In a transaction, which no other policy comes into use before the end of. `begin`: gets what is to be written
  /// where a canary is under way. Raises store.
  void want_in_use(const std::string& what, const std::string& owner, const std::string& name, const std::string& hash,
                   const RunRow& row, std::vector<Statement>& begin);
  std::vector<std::string> near(const std::string& id, const std::optional<std::string>& owner = {});

  Database& db_;
  std::string node_;
  std::chrono::milliseconds length_;
  std::chrono::milliseconds margin_;
  GroupCommit group_;
  Renewal renewal_;
  std::mutex watching_{};
  std::map<std::string, Hold> watched_{};
};

}  // namespace cw::store
