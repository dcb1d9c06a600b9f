#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/desk_place.h"
#include "app/json_text.h"
#include "app/terminal.h"
#include "app/version_kind.h"
#include "base/error.h"
#include "cmd_policy_private.h"

namespace cw::app {

namespace {

using nlohmann::ordered_json;
using service::Ask;

struct Options {
  DeskPlace place{};
  std::string version{};
  bool text = false;
  bool json = false;
};

ExitStatus list(const Options& options) {
  const ordered_json answer = options.place.answer({Ask::policy_list, {}, {}});
  if (options.json) {
    print_json(answer.at("policies"));
  } else {
    print_versions(answer.at("policies"), answer.at("in_use"), "--policy, or policies/default.lua",
                   answer.at("canary"));
  }
  return ExitStatus::ok;
}

ExitStatus show(const Options& options) {
  ordered_json answer = options.place.answer({Ask::policy_show, {{"version", options.version}}, {}});
  if (options.text) {
    if (answer.at("discarded") != 0) {
      throw Error(ErrorKind::usage, "policy " + text_in(answer, "hash") + " was discarded; load its file again");
    }
    std::cout << text_in(answer, "text") << std::flush;
    return ExitStatus::ok;
  }
  if (options.json) {
    answer.erase("lines");
    answer.erase("text");
    print_json(answer);
    return ExitStatus::ok;
  }
  print_version(answer);
  for (const ordered_json& line : answer.at("lines")) std::cout << "  " << printable(line.get<std::string>()) << '\n';
  std::cout << std::flush;
  return ExitStatus::ok;
}

}  // namespace

void add_policy(CLI::App& program, Action& action) {
  CLI::App* policy = program.add_subcommand("policy", "What is allowed: load, compare, swap while runs go on");
  policy->require_subcommand(1);
  policy->footer(
      "A version is named by its hash, the first digits of it, or its name. Once one is in use, runs on this store "
      "that\n"
      "name no --policy begin under it; runs that are under way keep theirs to their end.\n"
      "\n"
      "Examples:\n"
      "  cardwright policy load strict.lua\n"
      "  cardwright policy diff strict.lua default\n"
      "  cardwright policy use strict --reason 'audit of May'\n"
      "  cardwright policy rollback --reason 'installs are refused'\n"
      "  cardwright policy use deny_all --reason 'stop everything'");

  auto listed = std::make_shared<Options>();
  CLI::App* all =
      policy->add_subcommand("list", "The versions there are, which one is in use, and what holds the rest");
  listed->place.add_to(*all);
  all->add_flag("--json", listed->json, "one JSON array");
  all->footer("Examples:\n  cardwright policy list\n  cardwright policy list --json");
  all->callback([listed, &action] { action = [listed] { return list(*listed); }; });

  auto shown = std::make_shared<Options>();
  CLI::App* one = policy->add_subcommand("show", "One version: what it says, when it was used, the runs that hold it");
  shown->place.add_to(*one);
  one->add_option("VERSION", shown->version, "its hash, the first digits of it, or its name")
      ->required()
      ->type_name("");
  CLI::Option* text = one->add_flag("--text", shown->text, "its file, as it was loaded");
  one->add_flag("--json", shown->json, "one JSON object")->excludes(text);
  one->footer("Examples:\n  cardwright policy show strict\n  cardwright policy show 3f9a --text");
  one->callback([shown, &action] { action = [shown] { return show(*shown); }; });

  add_policy_swap(*policy, action);
  add_policy_approve(*policy, action);
  add_policy_compare(*policy, action);
  add_policy_shadow(*policy, action);
}

}  // namespace cw::app
