#include <algorithm>
#include <cctype>

#include "app/bundle_source.h"
#include "app/device_runs.h"
#include "app/moment.h"
#include "app/store_desk.h"
#include "app/version_change.h"
#include "base/error.h"
#include "service/domain_repair.h"

namespace cw::app {

using service::kConflict;

namespace {

using Json = StoreDesk::Json;

/// NAME=VALUE, a line each.
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  for (size_t from = 0; from < text.size();) {
    const size_t end = std::min(text.find('\n', from), text.size());
    if (end > from) out.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return out;
}

}  // namespace

Json StoreDesk::owner_list() {
  Json all = Json::array();
  const auto store = open_(Wants::read);
  std::map<std::string, store::Standing> standing;
  for (store::Standing& each : store->providers().list()) standing.emplace(each.owner, std::move(each));
  for (const store::Owner& owner : store->owners().list()) {
    all.push_back(provider_json(owner, standing[owner.name]));
  }
  return {{"owners", all}};
}

Json StoreDesk::owner_add(const Command& command, const std::string& who) {
  const std::string name = command.word("name");
  const auto store = open_(Wants::make);
  if (wants_second_person(*store, kOwnerApprove, bundle())) {
    throw Error(ErrorKind::policy, "owner " + name +
                                       " would be approved by who adds it, and the policy in use asks for two persons; "
                                       "register it with cardwright owner register, and another person approves it");
  }
  with_cause(kConflict, [&] { store->owners().add(name, who); });
  return {{"name", name}};
}

Json StoreDesk::card_list(const Command& command) {
  Json all = Json::array();
  for (const store::OwnedCard& card : open_(Wants::read)->owners().cards(whose(command))) {
    all.push_back({{"card", card.card},
                   {"owner", card.owner},
                   {"since", card.since},
                   {"by", card.by},
                   {"runs", card.runs},
                   {"last_run", card.last_run}});
  }
  return {{"cards", all}};
}

Json StoreDesk::card_give(const Command& command, const std::string& who) {
  bool changed = false;
  with_cause(kConflict,
             [&] { changed = open_(Wants::change)->owners().give(command.word("card"), command.word("owner"), who); });
  return {{"card", command.word("card")}, {"owner", command.word("owner")}, {"new", changed}};
}

Json StoreDesk::card_take(const Command& command, const std::string& who) {
  with_cause(kConflict, [&] { open_(Wants::change)->owners().take_back(command.word("card"), who); });
  return {{"card", command.word("card")}};
}

Json StoreDesk::domain_list(const Command& command) {
  const std::string wanted = command.word("state");
  const std::optional<store::DomainState> state = store::domain_state(wanted);
  if (!wanted.empty() && !state) {
    throw Error(ErrorKind::usage, "there is no state '" + wanted +
                                      "' of a domain; there are asked, present, locked, deleted, reset and moved");
  }
  store::DomainFilter filter;
  filter.card = command.word("card");
  filter.aid = command.word("aid");
  std::transform(filter.aid.begin(), filter.aid.end(), filter.aid.begin(),
                 [](unsigned char c) { return std::toupper(c); });
  filter.owner = whose(command);
  Json all = Json::array();
  for (const store::Domain& domain : open_(Wants::read)->domains().list(filter)) {
    if (state && domain.state != *state) continue;
    all.push_back({{"card", domain.card},
                   {"aid", domain.aid},
                   {"se_id", domain.se_id},
                   {"owner", domain.owner},
                   {"issuer", domain.issuer},
                   {"management", domain.management},
                   {"state", name_of(domain.state)},
                   {"keys", domain.keys},
                   {"version", domain.version},
                   {"since", domain.since},
                   {"changed", domain.changed},
                   {"run", domain.run},
                   {"told", domain.told},
                   {"told_at", domain.told_at},
                   {"repair", service::repair_of(domain)}});
  }
  return {{"domains", all}};
}

/// An owner's names no file: it would be one of the service's host.
Json StoreDesk::ticket_issue(const Command& command, const std::string& who) {
  const auto store = open_(Wants::make);
  TicketFor wanted;
  wanted.flow = command.word("flow");
  wanted.settings = lines_of(command.word("settings"));
  wanted.flavor = command.word("flavor");
  wanted.card = command.word("card");
  wanted.owner = command.owner();
  wanted.by = who;
  wanted.no_files = command.of_owner;
  const std::string expires = command.word("expires");
  wanted.lifetime = std::chrono::milliseconds(parse_age(expires.empty() ? "1h" : expires));
  const auto bundle = BundleInUse(store, signers_, wanted.owner).now();
  return {{"ticket", issue_ticket(*store, *bundle, wanted)}};
}

}  // namespace cw::app
