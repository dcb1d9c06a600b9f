// Operators' commands, carried out on a store: for a command line on this machine and for the operator door alike.
//
// Owner: one thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/bundle_source.h"
#include "engine/bundle.h"
#include "engine/policy.h"
#include "service/desk.h"
#include "store/store.h"

namespace cw::app {

struct VersionChange;

/// What a command is going to do with the store.
enum class Wants { read, change, make };

class StoreDesk : public service::Desk {
 public:
  using Json = nlohmann::ordered_json;
  /// Called each time that a command wants the store. Raises usage, store.
  using OpenStore = std::function<std::shared_ptr<store::Store>(Wants)>;

  /// `signers`: no bundle comes into use that none of theirs has signed.
  explicit StoreDesk(OpenStore open, Signers signers = {}) : open_(std::move(open)), signers_(std::move(signers)) {}

  Json answer(const service::OperatorCommand& command, const std::string& who) override;
  std::vector<service::Readiness> readiness() override;
  service::StoreFigures figures() override;

 private:
  using Command = service::OperatorCommand;

  Json policy_list(const Command& command);
  Json policy_show(const Command& command);
  Json policy_check(const Command& command);
  Json policy_load(const Command& command, const std::string& who);
  Json policy_diff(const Command& command);
  Json policy_explain(const Command& command);
  Json policy_use(const Command& command, const std::string& who);
  Json policy_rollback(const Command& command, const std::string& who);
  Json policy_discard(const Command& command, const std::string& who);
  Json bundle_list(const Command& command);
  Json bundle_show(const Command& command);
  Json bundle_load(const Command& command, const std::string& who);
  Json bundle_diff(const Command& command);
  Json bundle_verify(const Command& command);
  Json bundle_use(const Command& command, const std::string& who);
  Json bundle_rollback(const Command& command, const std::string& who);
  Json bundle_discard(const Command& command, const std::string& who);
  Json changed(store::Store& store, VersionChange change, const Command& command, const std::string& who);
  Json budget_list(const Command& command);
  Json budget_reset(const Command& command, const std::string& who);
  Json overview(const Command& command);
  Json proposal_list(const Command& command);
  Json proposal_approve(const Command& command, const std::string& who);
  Json proposal_reject(const Command& command, const std::string& who);
  Json owner_list();
  Json owner_add(const Command& command, const std::string& who);
  Json owner_show(const Command& command);
  Json owner_register(const Command& command, const std::string& who);
  Json owner_review(const Command& command, const std::string& who);
  Json owner_approve(const Command& command, const std::string& who);
  Json owner_update(const Command& command, const std::string& who);
  Json owner_suspend(const Command& command, const std::string& who);
  Json owner_resume(const Command& command, const std::string& who);
  Json owner_deregister(const Command& command, const std::string& who);
  Json consent_list(const Command& command);
  Json consent_decide(const Command& command, const std::string& who);
  Json owner_changed(const Command& command, const std::function<void(store::Store&)>& change);
  /// Raises policy: an owner asks of whom nothing is managed now.
  void want_standing(const Command& command);
  Json card_list(const Command& command);
  Json card_give(const Command& command, const std::string& who);
  Json domain_list(const Command& command);
  Json card_take(const Command& command, const std::string& who);
  Json certificate_list(const Command& command);
  Json certificate_show(const Command& command);
  Json ticket_issue(const Command& command, const std::string& who);
  Json run_list(const Command& command);
  Json run_show(const Command& command);
  Json run_stop(const Command& command, const std::string& who);
  Json run_resume(const Command& command, const std::string& who);

  const engine::Bundle& bundle();
  std::shared_ptr<const engine::Policy> named(store::Store& store, const std::string& version,
                                              const std::string& owner);
  std::shared_ptr<const engine::Policy> for_runs_of(store::Store& store, const std::string& owner);
  engine::PolicyLimits limits_in_use(store::Store& store);

  OpenStore open_;
  Signers signers_;
  std::unique_ptr<BundleInUse> in_use_{};           // once whether it can be used was asked
  std::shared_ptr<const engine::Bundle> bundle_{};  // once it was asked for
  std::string limits_of_{};                         // hash of the policy whose limits these are
  engine::PolicyLimits limits_{};
};

/// Raises usage, as not there.
store::Version version_named(store::Versions& versions, const std::string& named);
/// Whose: absent where it is about everybody's.
std::optional<std::string> whose(const service::OperatorCommand& command);
/// What there is of an owner, and what it is.
nlohmann::ordered_json provider_json(const store::Owner& owner, const store::Standing& it);
nlohmann::ordered_json name_and_hash(const store::Version& version);

/// Runs `action`; an error of kind usage gets this cause (service/desk.h).
void with_cause(const char* cause, const std::function<void()>& action);

}  // namespace cw::app
