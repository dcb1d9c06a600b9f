#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "app/commands.h"
#include "app/desk_place.h"
#include "app/json_text.h"
#include "app/moment.h"
#include "app/table.h"
#include "app/terminal.h"
#include "cmd_card_private.h"
#include "cmd_owner_private.h"

namespace cw::app {

namespace {

using nlohmann::ordered_json;
using service::Ask;

struct Options {
  DeskPlace place{};
  std::vector<std::string> names{};
  std::string card{};
  std::string owner{};
  bool json = false;
};

ExitStatus add(const Options& options) {
  for (const std::string& name : options.names) {
    options.place.answer({Ask::owner_add, {{"name", name}}, {}});
    std::cout << "owner " << printable(name) << " is added: its policies, bundles, runs and cards are its own\n";
  }
  std::cout << std::flush;
  return ExitStatus::ok;
}

/// When the period of one that is approved ends.
std::string until_text(const ordered_json& each) {
  const int64_t until = each.at("until").get<int64_t>();
  if (until != 0) return utc_text(until);
  return each.at("from").get<int64_t>() != 0 ? "no end" : "";
}

ExitStatus list(const Options& options) {
  const ordered_json owners = options.place.answer({Ask::owner_list, {}, {}}).at("owners");
  if (options.json) {
    print_json(owners);
    return ExitStatus::ok;
  }
  Table table;
  table.columns = {"name", "cards", "runs under way", "state", "managed", "until", "since", "by"};
  for (const ordered_json& each : owners) {
    table.rows.push_back({text_in(each, "name"), std::to_string(each.at("cards").get<int64_t>()),
                          std::to_string(each.at("runs").get<int64_t>()), text_in(each, "state"),
                          each.at("managed") == true ? "yes" : "no", until_text(each),
                          utc_text(each.at("since").get<int64_t>()), text_in(each, "by")});
  }
  if (table.rows.empty()) {
    std::cout << "there are no owners: all is the operator's own" << std::endl;
  } else {
    std::cout << table.format(Terminal::of(STDOUT_FILENO)) << std::flush;
  }
  return ExitStatus::ok;
}

ExitStatus list_cards(const Options& options) {
  const ordered_json cards = options.place.answer({Ask::card_list, {}, {}}).at("cards");
  if (options.json) {
    print_json(cards);
    return ExitStatus::ok;
  }
  Table table;
  table.columns = {"card", "owner", "runs", "last run"};
  for (const ordered_json& each : cards) {
    const int64_t last = each.at("last_run").get<int64_t>();
    table.rows.push_back({text_in(each, "card"), text_in(each, "owner"), std::to_string(each.at("runs").get<int64_t>()),
                          last == 0 ? "" : utc_text(last)});
  }
  if (table.rows.empty()) {
    std::cout << "no card is known" << std::endl;
  } else {
    std::cout << table.format(Terminal::of(STDOUT_FILENO)) << std::flush;
  }
  return ExitStatus::ok;
}

ExitStatus give(const Options& options) {
  const ordered_json answer =
      options.place.answer({Ask::card_give, {{"card", options.card}, {"owner", options.owner}}, {}});
  std::cout << printable("card " + options.card + " is " + options.owner + "'s")
            << (answer.at("new") == true ? ": no other owner's run works on it" : " already") << std::endl;
  return ExitStatus::ok;
}

ExitStatus take(const Options& options) {
  options.place.answer({Ask::card_take, {{"card", options.card}}, {}});
  std::cout << printable("card " + options.card + " is nobody's now") << std::endl;
  return ExitStatus::ok;
}

using Work = ExitStatus (*)(const Options&);

CLI::App* add_one(CLI::App& to, Action& action, const std::shared_ptr<Options>& options, const char* name,
                  const char* what, Work work) {
  CLI::App* command = to.add_subcommand(name, what);
  command->callback([options, &action, work] { action = [options, work] { return work(*options); }; });
  return command;
}

}  // namespace

void add_owner(CLI::App& program, Action& action) {
  CLI::App* owner = program.add_subcommand("owner", "Issuers and service providers that things belong to");
  owner->require_subcommand(1);
  owner->footer(
      "Policies, bundles, runs, key sets, cards and tickets of one owner are neither seen nor used by another. The\n"
      "operator's policy stands above each owner's, and says in `owners` which keys and cards it lends them.\n"
      "An owner is managed while it is approved: add does that at once and without an end; register, review and\n"
      "approve do it in steps and for a period.\n"
      "\n"
      "Examples:\n"
      "  cardwright owner add acme\n"
      "  cardwright policy load acme.lua --owner acme\n"
      "  cardwright card give CPLC-... acme\n"
      "  cardwright run acme/install --owner acme --card pcsc:0");

  auto added = std::make_shared<Options>();
  CLI::App* add_it = add_one(*owner, action, added, "add", "Add owners that are approved at once, without an end", add);
  added->place.add_store_to(*add_it);
  add_it->add_option("NAME", added->names, "1 to 32 of a-z, 0-9, '-' and '_'")->required()->type_name("");
  add_it->footer("Examples:\n  cardwright owner add acme");

  auto listed = std::make_shared<Options>();
  CLI::App* list_them = add_one(*owner, action, listed, "list", "The owners there are", list);
  listed->place.add_store_to(*list_them);
  list_them->add_flag("--json", listed->json, "one JSON array");
  list_them->footer("Examples:\n  cardwright owner list");

  add_owner_life(*owner, action);
  add_owner_consent(*owner, action);
}

void add_card_owner(CLI::App& card, Action& action) {
  auto listed = std::make_shared<Options>();
  CLI::App* list_them =
      add_one(card, action, listed, "list", "Cards that runs were on, and whose they are", list_cards);
  listed->place.add_to(*list_them);
  list_them->add_flag("--json", listed->json, "one JSON array");
  list_them->footer("Examples:\n  cardwright card list\n  cardwright card list --owner acme");

  auto given = std::make_shared<Options>();
  CLI::App* give_it =
      add_one(card, action, given, "give", "Let a card be an owner's: no other owner's run works on it", give);
  given->place.add_store_to(*give_it);
  give_it->add_option("CARD", given->card, "who it is, as runs show and card list print it")->required()->type_name("");
  give_it->add_option("OWNER", given->owner, "whose it is to be")->required()->type_name("");
  give_it->footer("Examples:\n  cardwright card give CPLC-... acme");

  auto taken = std::make_shared<Options>();
  CLI::App* take_it = add_one(card, action, taken, "take", "Let a card be nobody's again", take);
  taken->place.add_store_to(*take_it);
  take_it->add_option("CARD", taken->card, "who it is")->required()->type_name("");
  take_it->footer("Examples:\n  cardwright card take CPLC-...");
}

}  // namespace cw::app
