#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "app/desk_place.h"
#include "app/json_text.h"
#include "app/moment.h"
#include "app/policy_answers.h"
#include "app/table.h"
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

std::string begin_of(const ordered_json& hash) { return hash.get<std::string>().substr(0, 12); }

std::string when(const ordered_json& ms) { return utc_text(ms.get<int64_t>()); }

std::string because(const ordered_json& use) {
  const std::string reason = text_in(use, "reason");
  return reason.empty() ? "" : ": " + printable(reason);
}

ExitStatus list(const Options& options) {
  const ordered_json answer = options.place.answer({Ask::policy_list, {}, {}});
  if (options.json) {
    print_json(answer.at("policies"));
    return ExitStatus::ok;
  }
  Table table;
  table.columns = {"state", "name", "hash", "loaded", "by", "runs"};
  for (const ordered_json& version : answer.at("policies")) {
    table.rows.push_back({text_in(version, "state"), text_in(version, "name"), begin_of(version.at("hash")),
                          when(version.at("loaded")), text_in(version, "loaded_by"),
                          std::to_string(version.at("runs").size())});
  }
  if (!table.rows.empty()) std::cout << table.format(Terminal::of(STDOUT_FILENO));
  const ordered_json& use = answer.at("in_use");
  if (use.is_object()) {
    std::cout << "runs begin under " << begin_of(use.at("hash")) << " since " << when(use.at("since")) << ", by "
              << printable(text_in(use, "by")) << because(use) << std::endl;
  } else {
    std::cout << "none is in use: runs begin under --policy, or policies/default.lua" << std::endl;
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
  std::cout << printable(text_in(answer, "name")) << ", " << text_in(answer, "state") << '\n'
            << "hash    " << text_in(answer, "hash") << '\n'
            << "loaded  " << when(answer.at("loaded")) << " by " << printable(text_in(answer, "loaded_by")) << " from "
            << printable(text_in(answer, "origin")) << '\n';
  for (const ordered_json& use : answer.at("uses")) {
    std::cout << "used    " << when(use.at("since")) << " by " << printable(text_in(use, "by")) << because(use) << '\n';
  }
  for (const ordered_json& run : answer.at("runs"))
    std::cout << "run     " << printable(run.get<std::string>()) << '\n';
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
  add_policy_compare(*policy, action);
  add_policy_shadow(*policy, action);
}

}  // namespace cw::app
