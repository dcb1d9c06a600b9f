#include "app/store_desk.h"

#include <algorithm>

#include "app/audit_proof.h"
#include "app/audit_state.h"
#include "app/failure.h"
#include "app/policy_source.h"
#include "app/session.h"
#include "store/run_counts.h"

namespace cw::app {

using service::Ask;

namespace {

constexpr int64_t kRecords = 100;  // of the audit, where nobody says how many

bool is_about(const store::AuditRecord& record, const std::string& owner) {
  const auto& details = record.entry.details;
  return std::find(details.begin(), details.end(), std::pair<std::string, std::string>("owner", owner)) !=
         details.end();
}

/// Of one owner, those that say so: a part at a time, since others may lie between them.
StoreDesk::Json audit_list(store::Store& store, int64_t from, int64_t limit, const std::string& owner) {
  StoreDesk::Json all = StoreDesk::Json::array();
  const int64_t size = store.audit().size();
  if (owner.empty()) {
    for (const store::AuditRecord& record : store.audit().list(from, limit)) all.push_back(json_of(record));
    return {{"records", all}, {"size", size}};
  }
  constexpr int64_t kAtOnce = 1000;
  for (; from <= size && static_cast<int64_t>(all.size()) < limit; from += kAtOnce) {
    for (const store::AuditRecord& record : store.audit().list(from, kAtOnce)) {
      if (static_cast<int64_t>(all.size()) < limit && is_about(record, owner)) all.push_back(json_of(record));
    }
  }
  return {{"records", all}, {"size", size}};
}

}  // namespace

store::Version version_named(store::Versions& versions, const std::string& named) {
  store::Version out;
  with_cause(service::kNotThere, [&] { out = versions.find(named); });
  return out;
}

std::optional<std::string> whose(const service::OperatorCommand& command) {
  if (command.owner().empty()) return {};
  return command.owner();
}

nlohmann::ordered_json name_and_hash(const store::Version& version) {
  return {{"name", version.name}, {"hash", version.hash}};
}

void with_cause(const char* cause, const std::function<void()>& action) {
  const auto failure = failure_of(action);
  if (!failure) return;
  if (failure->kind() != ErrorKind::usage) throw *failure;
  throw Error(ErrorKind::usage, failure->message(), failure->sw(), cause);
}

StoreDesk::Json StoreDesk::answer(const Command& command, const std::string& who) {
  // Of one that there is not, not even nothing is said.
  if (command.ask != Ask::card_give && !command.owner().empty()) {
    with_cause(service::kNotThere, [&] { open_(Wants::read)->policies(command.owner()); });
  }
  want_standing(command);
  switch (command.ask) {
    case Ask::policy_list:
      return policy_list(command);
    case Ask::policy_show:
      return policy_show(command);
    case Ask::policy_check:
      return policy_check(command);
    case Ask::policy_load:
      return policy_load(command, who);
    case Ask::policy_diff:
      return policy_diff(command);
    case Ask::policy_explain:
      return policy_explain(command);
    case Ask::policy_use:
      return policy_use(command, who);
    case Ask::policy_rollback:
      return policy_rollback(command, who);
    case Ask::policy_discard:
      return policy_discard(command, who);
    case Ask::bundle_list:
      return bundle_list(command);
    case Ask::bundle_show:
      return bundle_show(command);
    case Ask::bundle_load:
      return bundle_load(command, who);
    case Ask::bundle_diff:
      return bundle_diff(command);
    case Ask::bundle_verify:
      return bundle_verify(command);
    case Ask::bundle_use:
      return bundle_use(command, who);
    case Ask::bundle_rollback:
      return bundle_rollback(command, who);
    case Ask::bundle_discard:
      return bundle_discard(command, who);
    case Ask::proposal_list:
      return proposal_list(command);
    case Ask::proposal_approve:
      return proposal_approve(command, who);
    case Ask::proposal_reject:
      return proposal_reject(command, who);
    case Ask::owner_list:
      return owner_list();
    case Ask::owner_add:
      return owner_add(command, who);
    case Ask::owner_show:
      return owner_show(command);
    case Ask::owner_register:
      return owner_register(command, who);
    case Ask::owner_review:
      return owner_review(command, who);
    case Ask::owner_approve:
      return owner_approve(command, who);
    case Ask::owner_update:
      return owner_update(command, who);
    case Ask::owner_suspend:
      return owner_suspend(command, who);
    case Ask::owner_resume:
      return owner_resume(command, who);
    case Ask::owner_deregister:
      return owner_deregister(command, who);
    case Ask::consent_list:
      return consent_list(command);
    case Ask::consent_give:
    case Ask::consent_refuse:
      return consent_decide(command, who);
    case Ask::card_list:
      return card_list(command);
    case Ask::card_give:
      return card_give(command, who);
    case Ask::card_take:
      return card_take(command, who);
    case Ask::domain_list:
      return domain_list(command);
    case Ask::certificate_list:
      return certificate_list(command);
    case Ask::certificate_show:
      return certificate_show(command);
    case Ask::ticket_issue:
      return ticket_issue(command, who);
    case Ask::run_list:
      return run_list(command);
    case Ask::run_show:
      return run_show(command);
    case Ask::run_stop:
      return run_stop(command, who);
    case Ask::run_resume:
      return run_resume(command, who);
    case Ask::budget_list:
      return budget_list(command);
    case Ask::budget_reset:
      return budget_reset(command, who);
    case Ask::overview:
      return overview(command);
    case Ask::audit_list:
      return audit_list(*open_(Wants::read), command.number("from", 1), command.number("limit", kRecords),
                        command.owner());
    case Ask::audit_verify:
      return audit_state(*open_(Wants::read), {}).json();
    case Ask::index:
    case Ask::health:
      break;
  }
  throw Error(ErrorKind::internal, "a desk was asked for what only a service can answer");
}

std::vector<service::Readiness> StoreDesk::readiness() {
  std::vector<service::Readiness> out;
  const auto check = [&](const char* name, const std::function<void()>& action) {
    const auto failure = failure_of(action);
    out.push_back({name, !failure, failure ? failure->message() : ""});
  };
  check("store", [&] { open_(Wants::read)->audit().size(); });
  if (!out.back().ok) return out;
  check("policy", [&] { choose_policy({}, open_(Wants::read).get(), bundle()); });
  check("bundle", [&] {
    if (!in_use_) in_use_ = std::make_unique<BundleInUse>(open_(Wants::read), signers_);
    in_use_->now();
  });
  return out;
}

service::StoreFigures StoreDesk::figures() {
  const auto store = open_(Wants::read);
  service::StoreFigures out;
  for (const auto& [state, count] : store::run_counts(store->database())) {
    out.runs.emplace_back(store::name_of(state), count);
  }
  if (const std::optional<store::Use> use = store->policies().in_use()) {
    out.policy = store->policies().find(use->hash).name;
    out.policy_hash = use->hash;
  }
  return out;
}

const engine::Bundle& StoreDesk::bundle() {
  if (!bundle_) bundle_ = load_bundle();
  return *bundle_;
}

}  // namespace cw::app
