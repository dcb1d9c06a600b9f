// Where a tenant's calls are answered: T/TAF 096-2021 tables 1 to 6. Tasks, SSDs and all else are kept before an answer
// leaves.
//
// Owner: the service. Thread rule: all functions from any thread; one call at a time is answered.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/error.h"
#include "crypto/key_store.h"
#include "issuer/config.h"
#include "issuer/faults.h"
#include "issuer/messages.h"
#include "issuer/state.h"

namespace cw::issuer {

/// Milliseconds since 1970.
using Clock = std::function<int64_t()>;

class Desk {
 public:
  struct Setup {
    const Configuration& configuration;
    std::shared_ptr<const crypto::KeyStore> keys{};
    Clock clock{};
    std::function<void()> pushes{};  // there is something to push; any thread
  };
  /// Reads the state. Raises usage: it cannot be read.
  Desk(Setup setup, Faults& faults);

  Answer ssd(const Tenant& tenant, const SsdRequest& request);
  Answer commands(const Tenant& tenant, const CommandsRequest& request);
  Answer token(const Tenant& tenant, const TokenRequest& request);
  Answer receipts(const Tenant& tenant, const ReceiptsRequest& request);
  Answer keys(const Tenant& tenant, const KeysRequest& request);

  /// For whoever pushes, and for the operator: looks at the state, or changes and keeps it.
  void with_state(const std::function<void(State&)>& change);
  void look(const std::function<void(const State&)>& at) const;
  /// Adds it to what is pushed. Raises usage: no such SSD is known.
  void push_status(const std::string& se_id, ByteView aid, const std::string& status);
  /// Lets keys be tried again; how many there were.
  size_t allow_again(const std::string& se_id);

 private:
  Answer guarded(const std::string& what, const std::function<Answer()>& answer);
  const CardProfile& card(const std::string& se_id) const;
  Operation operation(const std::string& word) const;
  Task& own_task(const Tenant& tenant, const CommandsRequest& request);
  void check_number(const Task& task, const std::vector<Bytes>& answers) const;
  void end_others(const Task& task);
  void forget_old();
  void add_key_push(const Domain& domain);
  Answer standing(const Task& task) const;
  void close(Task& task, const std::string& why);
  /// What was done is on the disk, or it was not done. Raises policy: it cannot be written just now.
  void keep();

  const Setup setup_;
  Faults& faults_;
  const StateFile file_;
  mutable std::mutex mutex_;
  State state_;
};

}  // namespace cw::issuer
