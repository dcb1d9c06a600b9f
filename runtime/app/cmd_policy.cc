#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "app/json_text.h"
#include "app/policy_source.h"
#include "app/session.h"
#include "app/store_place.h"
#include "app/terminal.h"
#include "app/version_kind.h"
#include "cmd_policy_private.h"

namespace cw::app {

namespace {

struct Options {
  StorePlace place{};
  std::string version{};
  bool text = false;
  bool json = false;
};

ExitStatus list(const Options& options) {
  const auto opened = options.place.open_to_read();
  print_versions(*opened, policy_kind(), options.json, "--policy, or policies/default.lua");
  return ExitStatus::ok;
}

ExitStatus show(const Options& options) {
  const auto opened = options.place.open_to_read();
  const store::Version version = opened->policies().find(options.version);
  if (options.text) {
    std::cout << stored_policy(*opened, version.hash, *load_bundle())->text() << std::flush;
    return ExitStatus::ok;
  }
  const VersionStates states(*opened, policy_kind());
  if (options.json) {
    print_json(json_of(*opened, policy_kind(), version, states, true));
    return ExitStatus::ok;
  }
  print_version(*opened, policy_kind(), version, states);
  if (version.discarded == 0) {
    const auto policy = stored_policy(*opened, version.hash, *load_bundle());
    for (const std::string& line : policy->lines()) std::cout << "  " << printable(line) << '\n';
  }
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
  add_policy_compare(*policy, action);
  add_policy_shadow(*policy, action);
}

}  // namespace cw::app
