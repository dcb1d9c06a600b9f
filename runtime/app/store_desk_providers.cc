// Providers at an operator's desk: what they are, and what becomes of it.
#include "app/moment.h"
#include "app/store_desk.h"
#include "app/version_change.h"
#include "base/error.h"
#include "journal/store_journal.h"

namespace cw::app {

using service::kConflict;

namespace {

using Json = StoreDesk::Json;
using Command = service::OperatorCommand;

Json state_json(const store::Standing& it) {
  return {{"number", it.number}, {"state", name_of(it.state)}, {"since", it.since}, {"by", it.by}, {"reason", it.why},
          {"from", it.from},     {"until", it.until}};
}

store::ContactChange contact_in(const Command& command) {
  const auto said = [&](const char* name) -> std::optional<std::string> {
    const auto found = command.words.find(name);
    if (found == command.words.end()) return {};
    return found->second;
  };
  return {said("organisation"), said("contact"), said("remarks")};
}

/// The word is the one of two that it may be. Raises usage.
bool is_first(const Command& command, const char* name, const std::string& first, const std::string& second) {
  const std::string word = command.word(name);
  if (word == first || word == second) return word == first;
  throw Error(ErrorKind::usage, std::string(name) + " is " + first + " or " + second + ", and not '" + word + "'");
}

/// Raises usage: not a moment, or one that the store takes for none.
int64_t moment_in(const std::string& text, int64_t now) {
  const int64_t out = parse_moment(text, now);
  if (out > 0) return out;
  throw Error(ErrorKind::usage, "'" + text + "' is no time for a period: it is after 1970");
}

/// "none" is without an end.
int64_t until_in(const Command& command, int64_t now) {
  const std::string until = command.word("until");
  return until == "none" ? 0 : moment_in(until, now);
}

}  // namespace

Json provider_json(const store::Owner& owner, const store::Standing& it) {
  return {{"name", owner.name},
          {"since", owner.since},
          {"by", owner.by},
          {"cards", owner.cards},
          {"runs", owner.runs},
          {"state", name_of(it.state)},
          {"managed", it.is_managed(now_ms())},
          {"changed", it.since},
          {"changed_by", it.by},
          {"reason", it.why},
          {"from", it.from},
          {"until", it.until}};
}

void StoreDesk::want_standing(const Command& command) {
  using service::Ask;
  const Ask ask = command.ask;
  // What it is, it may know, and what is its own it may keep from ending.
  if (!command.of_owner || ask == Ask::owner_show || ask == Ask::consent_list || ask == Ask::consent_refuse) return;
  open_(Wants::read)->providers().want_managed(command.owner());
}

Json StoreDesk::owner_show(const Command& command) {
  const auto store = open_(Wants::read);
  const std::string name = command.owner();
  Json out;
  for (const store::Owner& owner : store->owners().list()) {
    if (owner.name == name) out = provider_json(owner, store->providers().standing(name));
  }
  const store::ProviderContact contact = store->providers().contact(name);
  out["organisation"] = contact.organisation;
  out["contact"] = contact.contact;
  out["remarks"] = contact.remarks;
  out["history"] = Json::array();
  for (const store::Standing& each : store->providers().history(name)) out["history"].push_back(state_json(each));
  return out;
}

Json StoreDesk::owner_register(const Command& command, const std::string& who) {
  const std::string name = command.word("name");
  const bool again = !command.word("again").empty() && is_first(command, "again", "yes", "no");
  with_cause(kConflict, [&] { open_(Wants::make)->providers().enter(name, contact_in(command), again, who); });
  return {{"name", name}, {"state", name_of(store::ProviderState::registered)}};
}

/// What changes is one call of the store, and the answer says what the owner is then.
Json StoreDesk::owner_changed(const Command& command, const std::function<void(store::Store&)>& change) {
  const auto store = open_(Wants::change);
  with_cause(kConflict, [&] { change(*store); });
  const store::Standing it = store->providers().standing(command.owner());
  return {{"name", command.owner()},
          {"state", name_of(it.state)},
          {"managed", it.is_managed(now_ms())},
          {"from", it.from},
          {"until", it.until}};
}

Json StoreDesk::owner_review(const Command& command, const std::string& who) {
  const bool accept = is_first(command, "outcome", "accept", "refuse");
  return owner_changed(command, [&](store::Store& store) {
    store.providers().review(command.owner(), accept, command.word("reason"), who);
  });
}

Json StoreDesk::owner_approve(const Command& command, const std::string& who) {
  const int64_t now = now_ms();
  store::Approval approval;
  approval.from = command.word("from").empty() ? now : moment_in(command.word("from"), now);
  approval.until = until_in(command, now);
  return owner_changed(command, [&](store::Store& store) {
    approval.second_person = wants_second_person(store, kOwnerApprove, bundle());
    store.providers().approve(command.owner(), approval, command.word("reason"), who);
  });
}

Json StoreDesk::owner_update(const Command& command, const std::string& who) {
  return owner_changed(
      command, [&](store::Store& store) { store.providers().update(command.owner(), contact_in(command), who); });
}

Json StoreDesk::owner_suspend(const Command& command, const std::string& who) {
  if (command.word("reason").empty()) {
    throw Error(ErrorKind::usage, "say why owner " + command.owner() + " is suspended: its people see it");
  }
  return owner_changed(
      command, [&](store::Store& store) { store.providers().suspend(command.owner(), command.word("reason"), who); });
}

Json StoreDesk::owner_resume(const Command& command, const std::string& who) {
  return owner_changed(
      command, [&](store::Store& store) { store.providers().resume(command.owner(), command.word("reason"), who); });
}

/// Runs that a process works on end at their next boundary, those that nobody holds at once.
Json StoreDesk::owner_deregister(const Command& command, const std::string& who) {
  store::Leaving leaving;
  leaving.stop_runs = !command.word("stop_runs").empty() && is_first(command, "stop_runs", "yes", "no");
  if (const std::string to = command.word("to"); !to.empty()) {
    leaving.to = to == "operator" ? std::string() : to;
  }
  const auto store = open_(Wants::change);
  store::RunFilter theirs;
  theirs.owner = command.owner();
  Json out = owner_changed(command, [&](store::Store& at) {
    at.providers().deregister(command.owner(), leaving, command.word("reason"), who);
  });
  if (!leaving.stop_runs) return out;
  for (const store::RunRow& run : store->runs().list(theirs)) {
    if (!store::is_over(run.state)) journal::StoreJournal::stop_if_free(store, run.id, who);
  }
  return out;
}

}  // namespace cw::app
