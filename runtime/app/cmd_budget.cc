#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "app/commands.h"
#include "app/desk_place.h"
#include "app/json_text.h"
#include "app/table.h"
#include "app/version_swap.h"
#include "base/error.h"
#include "base/suggest.h"

namespace cw::app {

namespace {

using nlohmann::ordered_json;

using service::Ask;

struct Options {
  DeskPlace place{};
  std::string card{};
  std::string domain{};
  std::string version{};
  std::string reason{};
  bool json = false;
};

ordered_json rows_of(const Options& options, const std::string& card) {
  service::OperatorCommand command{Ask::budget_list, {}, {}};
  if (!card.empty()) command.words["card"] = card;
  return options.place.answer(command).at("budgets");
}

/// Raises usage: which card may have been meant.
[[noreturn]] void nothing_counts(const Options& options) {
  std::vector<std::string> known;
  for (const ordered_json& row : rows_of(options, "")) known.push_back(text_in(row, "card"));
  throw Error(ErrorKind::usage, "nothing counts against a card '" + options.card + "'" +
                                    did_you_mean(options.card, known) +
                                    "; cardwright budget list shows those that something counts against");
}

ExitStatus list(const Options& options) {
  const ordered_json rows = rows_of(options, options.card);
  if (options.json) {
    print_json(rows);
    return ExitStatus::ok;
  }
  if (rows.empty() && !options.card.empty()) nothing_counts(options);
  if (rows.empty()) {
    std::cout << "nothing counts against any card" << std::endl;
    return ExitStatus::ok;
  }
  Table table;
  table.columns = {"card", "domain", "key version", "kind", "refused", "no answer", "last"};
  for (const ordered_json& row : rows) {
    table.rows.push_back({text_in(row, "card"), text_in(row, "domain"), text_in(row, "version"), text_in(row, "kind"),
                          row.at("refused").dump(), row.at("lost").dump(), text_in(row, "utc")});
  }
  std::cout << table.format(Terminal::of(STDOUT_FILENO)) << std::flush;
  return ExitStatus::ok;
}

ExitStatus reset(const Options& options) {
  want_one_line(options.reason);
  service::OperatorCommand command{Ask::budget_reset, {{"card", options.card}, {"reason", options.reason}}, {}};
  if (!options.domain.empty()) command.words["domain"] = options.domain;
  if (!options.version.empty()) command.words["version"] = options.version;
  const ordered_json answer = options.place.answer(command);
  if (options.json) {
    print_json(answer);
    return ExitStatus::ok;
  }
  for (const ordered_json& row : answer.at("reset")) {
    std::cout << printable("reset: card " + text_in(row, "card") + ", domain " + text_in(row, "domain") +
                           ", key version " + text_in(row, "version") + ", " + text_in(row, "kind") + ": " +
                           row.at("refused").dump() + " refused, " + row.at("lost").dump() + " without an answer")
              << '\n';
  }
  std::cout << std::flush;
  return ExitStatus::ok;
}

}  // namespace

void add_budget(CLI::App& program, Action& action) {
  CLI::App* budget = program.add_subcommand("budget", "What cards may still be asked for");
  budget->require_subcommand(1);
  budget->footer(
      "Examples:\n"
      "  cardwright budget list\n"
      "  cardwright budget reset 9A1B2C --reason 'wrong keys in the custody, mended'");

  CLI::App* show = budget->add_subcommand("list", "Attempts that count against cards");
  auto options = std::make_shared<Options>();
  options->place.add_to(*show);
  show->add_option("CARD", options->card, "identity of one card (default: all)")->type_name("");
  show->add_flag("--json", options->json, "one JSON array");
  show->footer("Examples:\n  cardwright budget list\n  cardwright budget list 9A1B2C --json");
  show->callback([options, &action] { action = [options] { return list(*options); }; });

  CLI::App* again = budget->add_subcommand("reset", "Let a card be asked again, for a reason that the audit keeps");
  auto which = std::make_shared<Options>();
  which->place.add_store_to(*again);
  again->add_option("CARD", which->card, "identity of the card, as budget list shows it")->required()->type_name("");
  again->add_option("--domain", which->domain, "of one security domain alone: its AID, or isd")->type_name("AID");
  again->add_option("--version", which->version, "of one key version alone: two hexadecimal digits")->type_name("KVN");
  again->add_option("--reason", which->reason, "why; it is kept in the audit, so no secret")
      ->required()
      ->type_name("TEXT");
  again->add_flag("--json", which->json, "one JSON object");
  again->footer(
      "A card locks itself after some attempts with wrong keys. Find out why they failed before.\n"
      "\n"
      "Examples:\n"
      "  cardwright budget reset 9A1B2C --reason 'wrong keys in the custody, mended'\n"
      "  cardwright budget reset 9A1B2C --domain isd --version 30 --reason 'reader replaced'");
  again->callback([which, &action] { action = [which] { return reset(*which); }; });
}

}  // namespace cw::app
