// What an owner says to the end of a domain that has something of its.
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "app/desk_place.h"
#include "app/json_text.h"
#include "app/moment.h"
#include "app/table.h"
#include "app/terminal.h"
#include "app/version_swap.h"
#include "cmd_owner_private.h"

namespace cw::app {

namespace {

using nlohmann::ordered_json;
using service::Ask;

struct Options {
  DeskPlace place{};
  std::string id{};
  std::string reason{};
  bool json = false;
};

std::string answer_text(const ordered_json& it) {
  const std::string outcome = text_in(it, "outcome");
  if (!outcome.empty()) return outcome + " by " + text_in(it, "decided_by");
  return it.at("expires").get<int64_t>() > now_ms() ? "open" : "expired";
}

ExitStatus list(const Options& options) {
  const ordered_json all = options.place.answer({Ask::consent_list, {}, {}}).at("consents");
  if (options.json) {
    print_json(all);
    return ExitStatus::ok;
  }
  Table table;
  table.columns = {"consent", "owner", "card", "domain", "asked", "until", "answer"};
  for (const ordered_json& it : all) {
    table.rows.push_back({text_in(it, "id"), text_in(it, "provider"), text_in(it, "card"), text_in(it, "domain"),
                          utc_text(it.at("asked").get<int64_t>()), utc_text(it.at("expires").get<int64_t>()),
                          answer_text(it)});
  }
  if (table.rows.empty()) {
    std::cout << "nobody was asked for consent" << std::endl;
  } else {
    std::cout << table.format(Terminal::of(STDOUT_FILENO)) << std::flush;
  }
  return ExitStatus::ok;
}

ExitStatus decide(Ask ask, const Options& options) {
  want_one_line(options.reason);
  service::OperatorCommand command{ask, {{"consent", options.id}}, {}};
  if (!options.reason.empty()) command.words["reason"] = options.reason;
  const ordered_json it = options.place.answer(command);
  std::cout << printable("the consent of " + text_in(it, "provider") + " to the end of domain " +
                         text_in(it, "domain") + " is " + text_in(it, "outcome") + ", until " +
                         utc_text(it.at("expires").get<int64_t>()))
            << std::endl;
  return ExitStatus::ok;
}

void add_decision(CLI::App& consent, Action& action, const char* name, const char* what, Ask ask) {
  auto options = std::make_shared<Options>();
  CLI::App* command = consent.add_subcommand(name, what);
  options->place.add_to(*command);
  command->add_option("ID", options->id, "of the consent, or the beginning of it")->required()->type_name("");
  command->add_option("--reason", options->reason, "why; it is kept with it and in the audit, so no secret")
      ->type_name("TEXT");
  command->footer(std::string("Examples:\n  cardwright owner consent ") + name + " 01m8chjm3d");
  command->callback([options, &action, ask] { action = [options, ask] { return decide(ask, *options); }; });
}

}  // namespace

void add_owner_consent(CLI::App& owner, Action& action) {
  CLI::App* consent =
      owner.add_subcommand("consent", "What owners say to the end of domains that have something of theirs");
  consent->require_subcommand(1);
  consent->footer(
      "A flow that says so in needs.consent ends before it does anything to the card, until each owner that has\n"
      "something in the domain has agreed. Consent counts for 30 days from when it was asked for.\n"
      "\n"
      "Examples:\n"
      "  cardwright owner consent list --owner acme\n"
      "  cardwright owner consent give 01m8chjm3d --reason 'moved to the new domain'");
  auto listed = std::make_shared<Options>();
  CLI::App* list_them = consent->add_subcommand("list", "Who was asked, and what they said");
  listed->place.add_to(*list_them);
  list_them->add_flag("--json", listed->json, "one JSON array");
  list_them->footer("Examples:\n  cardwright owner consent list");
  list_them->callback([listed, &action] { action = [listed] { return list(*listed); }; });
  add_decision(*consent, action, "give", "It may go", Ask::consent_give);
  add_decision(*consent, action, "refuse", "It is to stay", Ask::consent_refuse);
}

}  // namespace cw::app
