#include "app/bundle_source.h"
#include "app/device_runs.h"
#include "app/moment.h"
#include "app/store_desk.h"
#include "base/error.h"

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
  for (const store::Owner& owner : open_(Wants::read)->owners().list()) {
    all.push_back(
        {{"name", owner.name}, {"since", owner.since}, {"by", owner.by}, {"cards", owner.cards}, {"runs", owner.runs}});
  }
  return {{"owners", all}};
}

Json StoreDesk::owner_add(const Command& command, const std::string& who) {
  const std::string name = command.word("name");
  with_cause(kConflict, [&] { open_(Wants::make)->owners().add(name, who); });
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
