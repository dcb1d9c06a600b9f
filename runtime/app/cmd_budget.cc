#include <algorithm>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "app/budget_json.h"
#include "app/commands.h"
#include "app/json_text.h"
#include "app/moment.h"
#include "app/operator_name.h"
#include "app/store_place.h"
#include "app/table.h"
#include "base/error.h"
#include "base/hex.h"
#include "base/suggest.h"

namespace cw::app {

namespace {

using nlohmann::ordered_json;

struct Options {
  StorePlace place{};
  std::string card{};
  std::optional<std::string> domain{};
  std::optional<std::string> version{};
  std::string reason{};
  bool json = false;
};

/// `wanted`: empty is the ISD.
bool is_of(const std::string& domain, const std::string& wanted) {
  const std::string aid = domain.substr(0, domain.find('/'));
  return (aid == "ISD" ? "" : aid) == wanted;
}

/// What counts against the card; all of them if it is empty. Raises usage: a card that nothing counts against.
std::vector<store::BudgetRow> rows_of(store::Store& store, const std::string& card) {
  std::vector<store::BudgetRow> rows = store.budgets().list(card);
  if (card.empty() || !rows.empty()) return rows;
  std::vector<std::string> known;
  for (const store::BudgetRow& row : store.budgets().list("")) known.push_back(row.account.card);
  throw Error(ErrorKind::usage, "nothing counts against a card '" + card + "'" + did_you_mean(card, known) +
                                    "; cardwright budget list shows those that something counts against");
}

ExitStatus list(const Options& options) {
  const auto opened = options.place.open_to_read();
  const std::vector<store::BudgetRow> rows =
      options.json ? opened->budgets().list(options.card) : rows_of(*opened, options.card);
  if (options.json) {
    ordered_json all = ordered_json::array();
    for (const store::BudgetRow& row : rows) all.push_back(json_of(row));
    print_json(all);
    return ExitStatus::ok;
  }
  if (rows.empty()) {
    std::cout << "nothing counts against any card" << std::endl;
    return ExitStatus::ok;
  }
  Table table;
  table.columns = {"card", "domain", "key version", "kind", "refused", "no answer", "last"};
  for (const store::BudgetRow& row : rows) {
    table.rows.push_back({row.account.card, domain_text(row.account.domain), version_text(row.account.version),
                          charge_text(row.charge), std::to_string(row.spent.refused), std::to_string(row.spent.lost),
                          utc_text(row.changed)});
  }
  std::cout << table.format(Terminal::of(STDOUT_FILENO)) << std::flush;
  return ExitStatus::ok;
}

/// As the store has it: upper case, the ISD without a name.
std::optional<std::string> parse_domain(const std::optional<std::string>& text) {
  if (!text) return {};
  if (*text == kIsd) return "";
  const Bytes aid = from_hex(*text);
  if (aid.size() < 5 || aid.size() > 16) {
    throw Error(ErrorKind::usage, "'" + *text +
                                      "' is no AID of a domain: it has 5 to 16 bytes in hexadecimal digits, "
                                      "or is isd");
  }
  return to_hex(aid);
}

std::optional<int64_t> parse_version(const std::optional<std::string>& text) {
  if (!text) return {};
  if (*text == "any") return 0;
  if (text->size() > 2 || text->find_first_not_of("0123456789abcdefABCDEF") != std::string::npos || text->empty()) {
    throw Error(ErrorKind::usage, "'" + *text + "' is no key version: it is two hexadecimal digits, or any");
  }
  return from_hex(text->size() == 1 ? "0" + *text : *text)[0];
}

ExitStatus reset(const Options& options) {
  const std::optional<std::string> domain = parse_domain(options.domain);
  const std::optional<int64_t> version = parse_version(options.version);
  if (printable(options.reason) != options.reason) {
    throw Error(ErrorKind::usage, "the reason for the audit has characters that cannot be printed; write one line");
  }
  const auto opened = options.place.open_to_change();
  std::vector<store::BudgetRow> rows = rows_of(*opened, options.card);
  std::erase_if(rows, [&](const store::BudgetRow& row) {
    return (domain && !is_of(row.account.domain, *domain)) || (version && row.account.version != *version);
  });
  if (rows.empty()) {
    throw Error(ErrorKind::usage, "nothing counts against that domain and key version of card " + options.card +
                                      "; see what does with: cardwright budget list " + options.card);
  }
  const int64_t freed = opened->budgets().reset(options.card, domain, version, operator_name(), options.reason);
  if (options.json) {
    ordered_json all = ordered_json::array();
    for (const store::BudgetRow& row : rows) all.push_back(json_of(row));
    print_json({{"card", options.card}, {"charges", freed}, {"reset", all}});
    return ExitStatus::ok;
  }
  for (const store::BudgetRow& row : rows) {
    std::cout << printable("reset: card " + row.account.card + ", domain " + domain_text(row.account.domain) +
                           ", key version " + version_text(row.account.version) + ", " + charge_text(row.charge) +
                           ": " + std::to_string(row.spent.refused) + " refused, " + std::to_string(row.spent.lost) +
                           " without an answer")
              << '\n';
  }
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
  which->place.add_to(*again);
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
