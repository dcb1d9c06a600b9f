#include "app/policy_answers.h"
#include "app/policy_source.h"
#include "app/store_desk.h"
#include "app/version_change.h"
#include "app/version_kind.h"

namespace cw::app {

using service::kConflict;
using service::kNotThere;

namespace {

using Json = StoreDesk::Json;

}  // namespace

std::shared_ptr<const engine::Policy> StoreDesk::named(store::Store& store, const std::string& version,
                                                       const std::string& owner) {
  if (version == kDenyAll) return load_policy_file(shipped_policy(version), bundle());
  std::shared_ptr<const engine::Policy> out;
  const std::string hash = version_named(store.policies(owner), version).hash;
  with_cause(kConflict, [&] { out = stored_policy(store, hash, bundle(), owner); });
  return out;
}

/// The operator's policy in use, and under it the owner's.
std::shared_ptr<const engine::Policy> StoreDesk::for_runs_of(store::Store& store, const std::string& owner) {
  const auto operators = choose_policy({}, &store, bundle()).policy;
  return owner.empty() ? operators : operators->over(policy_in_use(store, bundle(), owner), owner);
}

Json StoreDesk::policy_list(const Command& command) {
  const auto store = open_(Wants::read);
  const VersionStates states(*store, policy_kind(), command.owner());
  Json all = Json::array();
  for (const store::Version& version : store->policies(command.owner()).list()) all.push_back(states.json_of(version));
  return {{"in_use", states.in_use()}, {"canary", states.canary()}, {"policies", all}};
}

Json StoreDesk::policy_show(const Command& command) {
  const auto store = open_(Wants::read);
  const store::Version version = version_named(store->policies(command.owner()), command.word("version"));
  Json out = VersionStates(*store, policy_kind(), command.owner()).whole(version);
  out["lines"] = Json::array();
  out["text"] = "";
  if (version.discarded != 0) return out;
  const auto policy = stored_policy(*store, version.hash, bundle(), command.owner());
  out["lines"] = policy->lines();
  out["text"] = policy->text();
  return out;
}

Json StoreDesk::policy_check(const Command& command) {
  const auto policy = parse_policy(command.word("origin"), command.word("text"), bundle());
  return {{"name", policy->name()}, {"hash", policy->hash()}};
}

Json StoreDesk::policy_load(const Command& command, const std::string& who) {
  const auto policy = parse_policy(command.word("origin"), command.word("text"), bundle());
  const bool is_new = put_policy(*open_(Wants::make), *policy, who, command.owner());
  return {{"name", policy->name()}, {"hash", policy->hash()}, {"new", is_new}};
}

Json StoreDesk::policy_diff(const Command& command) {
  const auto store = open_(Wants::read);
  const auto before = named(*store, command.word("before"), command.owner());
  return diff_answer(*before, *named(*store, command.word("after"), command.owner()));
}

Json StoreDesk::policy_explain(const Command& command) {
  const auto store = open_(Wants::read);
  const std::string version = command.word("policy");
  const auto policy = version.empty() ? for_runs_of(*store, command.owner()) : named(*store, version, command.owner());
  CommandCase asked;
  asked.command = command.word("command");
  asked.flow = command.word("flow");
  if (const std::string level = command.word("level"); !level.empty()) asked.level = level;
  if (const std::string scp = command.word("scp"); !scp.empty()) asked.scp = scp;
  if (const std::string domain = command.word("domain"); !domain.empty()) asked.domain = domain;
  Json out = explain_answer(policy, asked);
  // Of the operator's rules, an owner is told the one that decides.
  if (command.of_owner && version.empty() && out.contains("rules") && !out["rules"].empty()) {
    const std::string own = policy->under() ? policy->under()->name() + ": " : "";
    Json kept = Json::array();
    for (size_t i = 0; i < out["rules"].size(); ++i) {
      const Json& rule = out["rules"][i];
      const bool theirs = !own.empty() && rule.at("rule").get<std::string>().starts_with(own);
      if (theirs || i + 1 == out["rules"].size()) kept.push_back(rule);
    }
    out["rules"] = kept;
  }
  return out;
}

Json StoreDesk::policy_use(const Command& command, const std::string& who) {
  std::string version = command.word("version");
  const bool stops_everything = version == kDenyAll;
  // An emergency does not wait for a file of audit roots that cannot be written.
  const auto store = open_(stops_everything ? Wants::read : Wants::change);
  if (stops_everything) {
    const auto policy = load_policy_file(shipped_policy(kDenyAll), bundle());
    put_policy(*store, *policy, who, command.owner());
    version = policy->hash();
  }
  VersionChange change;
  change.owner = command.owner();
  change.hash = version_named(store->policies(command.owner()), version).hash;
  if (const std::string share = command.word("canary"); !share.empty()) change.share = parse_share(share);
  change.by = who;
  change.reason = command.word("reason");
  Json out;
  with_cause(kConflict, [&] { out = change_version(*store, policy_kind(), change, bundle()); });
  return out;
}

Json StoreDesk::policy_rollback(const Command& command, const std::string& who) {
  const auto store = open_(Wants::change);
  VersionChange change;
  change.owner = command.owner();
  change.is = VersionChange::Is::rollback;
  change.by = who;
  change.reason = command.word("reason");
  Json out;
  with_cause(kConflict, [&] { out = change_version(*store, policy_kind(), change, bundle()); });
  return out;
}

Json StoreDesk::proposal_list(const Command& command) {
  Json all = Json::array();
  const auto store = open_(Wants::read);
  for (const store::Proposal& proposal : store->proposals().list(false, whose(command))) {
    all.push_back(json_of(proposal));
  }
  return {{"proposals", all}};
}

Json StoreDesk::proposal_approve(const Command& command, const std::string& who) {
  const auto store = open_(Wants::change);
  store::Proposal of;
  with_cause(kNotThere, [&] { of = store->proposals().find(command.word("proposal"), whose(command)); });
  Json out;
  with_cause(kConflict, [&] { out = approve_change(*store, of.id, who, signers_); });
  return out;
}

Json StoreDesk::proposal_reject(const Command& command, const std::string& who) {
  const auto store = open_(Wants::change);
  store::Proposal of;
  with_cause(kNotThere, [&] { of = store->proposals().find(command.word("proposal"), whose(command)); });
  with_cause(kConflict, [&] { store->proposals().reject(of.id, who); });
  return json_of(store->proposals().find(of.id));
}

Json StoreDesk::policy_discard(const Command& command, const std::string& who) {
  const auto store = open_(Wants::change);
  const store::Version version = version_named(store->policies(command.owner()), command.word("version"));
  with_cause(kConflict, [&] { store->policies(command.owner()).discard(version.hash, who); });
  Json out = name_and_hash(version);
  out["runs"] = version.runs;
  return out;
}

}  // namespace cw::app
