#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "app/desk_place.h"
#include "app/json_text.h"
#include "app/moment.h"
#include "app/table.h"
#include "app/terminal.h"
#include "app/version_change.h"
#include "cmd_policy_private.h"

namespace cw::app {

namespace {

using nlohmann::ordered_json;
using service::Ask;

struct Options {
  DeskPlace place{};
  std::string proposal{};
  bool json = false;
};

std::string state_of(const ordered_json& proposal) {
  if (proposal.at("decided") != 0) return text_in(proposal, "outcome");
  return proposal.at("expires").get<int64_t>() > now_ms() ? "open" : "expired";
}

ExitStatus list(const Options& options) {
  const ordered_json answer = options.place.answer({Ask::proposal_list, {}, {}});
  if (options.json) {
    print_json(answer.at("proposals"));
    return ExitStatus::ok;
  }
  Table table;
  table.columns = {"state", "id", "what", "version", "canary", "by", "expires", "reason"};
  for (const ordered_json& each : answer.at("proposals")) {
    table.rows.push_back({state_of(each), text_in(each, "id"), text_in(each, "what") + " " + text_in(each, "action"),
                          text_in(each, "hash").substr(0, 12), text_in(each, "canary"), text_in(each, "by"),
                          utc_text(each.at("expires").get<int64_t>()), text_in(each, "reason")});
  }
  if (table.rows.empty()) {
    std::cout << "nothing was proposed" << std::endl;
  } else {
    std::cout << table.format(Terminal::of(STDOUT_FILENO)) << std::flush;
  }
  return ExitStatus::ok;
}

ExitStatus approve(const Options& options) {
  const ordered_json answer = options.place.answer({Ask::proposal_approve, {{"proposal", options.proposal}}, {}});
  const VersionKind& kind = text_in(answer, "what") == "policy" ? policy_kind() : bundle_kind();
  std::cout << told(kind, answer, " is in use: every run on this store that begins from now on is under it")
            << std::endl;
  return ExitStatus::ok;
}

ExitStatus reject(const Options& options) {
  const ordered_json answer = options.place.answer({Ask::proposal_reject, {{"proposal", options.proposal}}, {}});
  std::cout << "proposal " << printable(text_in(answer, "id")) << " is rejected" << std::endl;
  return ExitStatus::ok;
}

}  // namespace

void add_policy_approve(CLI::App& policy, Action& action) {
  auto listed = std::make_shared<Options>();
  CLI::App* all = policy.add_subcommand("proposals", "What operators wanted that another person has to approve");
  listed->place.add_to(*all);
  all->add_flag("--json", listed->json, "one JSON array");
  all->footer("Examples:\n  cardwright policy proposals");
  all->callback([listed, &action] { action = [listed] { return list(*listed); }; });

  auto approved = std::make_shared<Options>();
  CLI::App* yes = policy.add_subcommand("approve", "Do what another person proposed, of policies or of bundles");
  approved->place.add_to(*yes);
  yes->add_option("ID", approved->proposal, "of the proposal, or the beginning of it")->required()->type_name("");
  yes->footer(
      "A policy says in `approval` what needs two persons. Over the door of a service, the second has the role "
      "approver."
      "\n\nExamples:\n  cardwright policy approve 01k9d3");
  yes->callback([approved, &action] { action = [approved] { return approve(*approved); }; });

  auto rejected = std::make_shared<Options>();
  CLI::App* no = policy.add_subcommand("reject", "Let nobody do what was proposed");
  rejected->place.add_to(*no);
  no->add_option("ID", rejected->proposal, "of the proposal, or the beginning of it")->required()->type_name("");
  no->footer("Who proposed it may do that, too.\n\nExamples:\n  cardwright policy reject 01k9d3");
  no->callback([rejected, &action] { action = [rejected] { return reject(*rejected); }; });
}

}  // namespace cw::app
