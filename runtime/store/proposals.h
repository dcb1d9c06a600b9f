// What one operator wants and another has to approve before it is done: swaps of versions, where the policy in use asks
// for two persons.
//
// Thread rule: any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace cw::store {

struct Proposal {
  std::string id{};      // of store::new_run_id()
  std::string what{};    // "policy", "bundle"
  std::string owner{};   // whose; empty: the operator's own
  std::string action{};  // "use", "rollback"
  std::string hash{};    // of the version that is to come into use
  int64_t share = 0;     // of a canary, of kWhole; 0: it is none
  std::string reason{};
  int64_t made = 0;  // milliseconds since 1970
  std::string by{};
  int64_t expires = 0;
  int64_t decided = 0;  // when; 0: it is open
  std::string decided_by{};
  std::string outcome{};  // "approved", "rejected"
};

/// How long a proposal waits for somebody who approves it.
inline constexpr int64_t kProposalTime = 24 * 3600 * 1000;

class Proposals {
 public:
  virtual ~Proposals() = default;

  /// Keeps it, and writes it to the audit. Raises usage: the same is open already; store.
  virtual Proposal make(const Proposal& wanted) = 0;
  /// The newest first. `open`: those alone that wait for somebody. `owner`: of what is theirs; absent: anybody's.
  virtual std::vector<Proposal> list(bool open, const std::optional<std::string>& owner = {}) = 0;
  /// By its id, or the beginning of it; of these as if there were no others. Raises usage: none, or several.
  virtual Proposal find(const std::string& id, const std::optional<std::string>& owner = {}) = 0;
  /// Does it, in the same transaction, and writes down who approved. Raises usage: it is decided or has expired; it is
  /// their own; as `work`; store.
  virtual void approve(const std::string& id, const std::string& by, const std::function<void()>& work) = 0;
  /// It is not to be done. Anybody may say so, who proposed it, too. Raises usage: it is decided or has expired; store.
  virtual void reject(const std::string& id, const std::string& by) = 0;
};

}  // namespace cw::store
