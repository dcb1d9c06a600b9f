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
#include "base/hex.h"

namespace cw::app {

namespace {

using nlohmann::ordered_json;
using service::Ask;

struct Options {
  DeskPlace place{};
  std::string card{};
  std::string aid{};
  std::string state{};
  bool json = false;
};

ordered_json domains(const Options& options) {
  service::OperatorCommand command{Ask::domain_list, {}, {}};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) command.words[name] = value;
  };
  add("card", options.card);
  add("aid", options.aid);
  add("state", options.state);
  return options.place.answer(command).at("domains");
}

std::string keys_text(const ordered_json& domain) {
  const std::string name = text_in(domain, "keys");
  const auto version = domain.at("version").get<int64_t>();
  if (name.empty() || version == 0) return name;
  return name + ", version " + to_hex(static_cast<uint8_t>(version));
}

ExitStatus list(const Options& options) {
  const ordered_json all = domains(options);
  if (options.json) {
    print_json(all);
    return ExitStatus::ok;
  }
  Table table;
  table.columns = {"domain", "state", "card", "keys", "issuer", "owner", "changed", "told"};
  for (const ordered_json& each : all) {
    const std::string told = text_in(each, "told");
    table.rows.push_back({text_in(each, "aid"), text_in(each, "state"), text_in(each, "card"), keys_text(each),
                          text_in(each, "issuer"), text_in(each, "owner"), utc_text(each.at("changed").get<int64_t>()),
                          told.empty() ? "" : told + " " + utc_text(each.at("told_at").get<int64_t>())});
  }
  if (table.rows.empty()) {
    std::cout << "no domain is known" << std::endl;
  } else {
    std::cout << table.format(Terminal::of(STDOUT_FILENO)) << std::flush;
  }
  return ExitStatus::ok;
}

/// A line for each run that is to be begun.
ExitStatus plan(const Options& options) {
  ordered_json plans = ordered_json::array();
  for (const ordered_json& each : domains(options)) {
    if (each.at("repair").empty()) continue;
    plans.push_back({{"card", each.at("card")},
                     {"aid", each.at("aid")},
                     {"state", each.at("state")},
                     {"repair", each.at("repair")}});
  }
  if (options.json) {
    print_json(plans);
    return ExitStatus::ok;
  }
  if (plans.empty()) std::cout << "nothing is to be repaired" << std::endl;
  for (const ordered_json& one : plans) {
    std::cout << printable("domain " + text_in(one, "aid") + " on " + text_in(one, "card") + " is " +
                           text_in(one, "state"))
              << "\n";
    for (const ordered_json& run : one.at("repair")) {
      std::string line = "  " + text_in(run, "flow");
      for (const auto& [name, value] : run.at("arguments").items())
        line += " --set " + name + "=" + value.get<std::string>();
      std::cout << printable(line + "   (" + text_in(run, "because") + ")") << "\n";
    }
  }
  std::cout << std::flush;
  return ExitStatus::ok;
}

void add_options(CLI::App& command, const std::shared_ptr<Options>& options) {
  options->place.add_to(command);
  command.add_option("--on", options->card, "on this card alone, as card list prints it")->type_name("CARD");
  command.add_option("--aid", options->aid, "this domain alone")->type_name("AID");
  command.add_option("--state", options->state, "asked, present, locked, deleted, reset or moved")->type_name("STATE");
  command.add_flag("--json", options->json, "one JSON array");
}

}  // namespace

void add_domain(CLI::App& program, Action& action) {
  CLI::App* domain =
      program.add_subcommand("domain", "Security domains, as runs left them and issuers told of them since");
  domain->require_subcommand(1);
  domain->footer("Examples:\n  cardwright domain list\n  cardwright domain plan --state reset --json");

  auto listed = std::make_shared<Options>();
  CLI::App* list_them = domain->add_subcommand("list", "What is known of domains");
  add_options(*list_them, listed);
  list_them->footer("Examples:\n  cardwright domain list --on CPLC-...\n  cardwright domain list --state reset");
  list_them->callback([listed, &action] { action = [listed] { return list(*listed); }; });

  auto planned = std::make_shared<Options>();
  CLI::App* plan_it = domain->add_subcommand("plan", "Which runs bring back what is gone or locked");
  add_options(*plan_it, planned);
  plan_it->footer("Examples:\n  cardwright domain plan\n  cardwright domain plan --json");
  plan_it->callback([planned, &action] { action = [planned] { return plan(*planned); }; });
}

}  // namespace cw::app
