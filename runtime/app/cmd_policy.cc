#include <algorithm>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "app/json_text.h"
#include "app/moment.h"
#include "app/policy_source.h"
#include "app/session.h"
#include "app/store_place.h"
#include "app/table.h"
#include "cmd_policy_private.h"

namespace cw::app {

namespace {

using nlohmann::ordered_json;

struct Options {
  StorePlace place{};
  std::string version{};
  bool text = false;
  bool json = false;
};

/// A version that was in use drains until the last run that began under it is over.
std::string state_of(const store::Version& version, const std::string& in_use, const std::vector<store::Use>& history) {
  if (version.hash == in_use) return "in use";
  if (version.discarded != 0) return "discarded";
  const bool used =
      std::any_of(history.begin(), history.end(), [&](const store::Use& use) { return use.hash == version.hash; });
  return used && version.runs > 0 ? "draining" : "ready";
}

/// Ids of the runs that hold it.
std::vector<std::string> holders(store::Store& store, const std::string& hash) {
  std::vector<std::string> out;
  for (const store::RunRow& run : store.runs().list({})) {
    if (run.policy_hash == hash && !store::is_over(run.state)) out.push_back(run.id);
  }
  return out;
}

ordered_json json_of(store::Store& store, const store::Version& version, const std::string& state) {
  return {{"state", state},
          {"name", version.name},
          {"hash", version.hash},
          {"origin", version.origin},
          {"loaded", version.loaded},
          {"loaded_by", version.loaded_by},
          {"discarded", version.discarded},
          {"runs", version.runs == 0 ? std::vector<std::string>() : holders(store, version.hash)}};
}

ExitStatus list(const Options& options) {
  const auto opened = options.place.open_to_read();
  const std::optional<store::Use> now = opened->policies().in_use();
  const std::vector<store::Use> history = opened->policies().history();
  const std::string in_use = now ? now->hash : "";
  ordered_json all = ordered_json::array();
  Table table;
  table.columns = {"state", "name", "hash", "loaded", "by", "runs"};
  for (const store::Version& version : opened->policies().list()) {
    const std::string state = state_of(version, in_use, history);
    if (options.json) all.push_back(json_of(*opened, version, state));
    table.rows.push_back({state, version.name, version.hash.substr(0, 12), utc_text(version.loaded), version.loaded_by,
                          std::to_string(version.runs)});
  }
  if (options.json) {
    print_json(all);
    return ExitStatus::ok;
  }
  if (!table.rows.empty()) std::cout << table.format(Terminal::of(STDOUT_FILENO));
  if (now) {
    std::cout << "runs begin under " << now->hash.substr(0, 12) << " since " << utc_text(now->since) << ", by "
              << printable(now->by) << (now->reason.empty() ? "" : ": " + printable(now->reason)) << std::endl;
  } else {
    std::cout << "none is in use: runs begin under --policy, or policies/default.lua" << std::endl;
  }
  return ExitStatus::ok;
}

ExitStatus show(const Options& options) {
  const auto opened = options.place.open_to_read();
  const store::Version version = opened->policies().find(options.version);
  if (options.text) {
    std::cout << stored_policy(*opened, version.hash, *load_bundle())->text() << std::flush;
    return ExitStatus::ok;
  }
  const std::optional<store::Use> now = opened->policies().in_use();
  const std::vector<store::Use> history = opened->policies().history();
  const std::string state = state_of(version, now ? now->hash : "", history);
  if (options.json) {
    ordered_json out = json_of(*opened, version, state);
    out["uses"] = ordered_json::array();
    for (const store::Use& use : history) {
      if (use.hash == version.hash)
        out["uses"].push_back({{"since", use.since}, {"by", use.by}, {"reason", use.reason}});
    }
    print_json(out);
    return ExitStatus::ok;
  }
  std::cout << printable(version.name) << ", " << state << '\n'
            << "hash    " << version.hash << '\n'
            << "loaded  " << utc_text(version.loaded) << " by " << printable(version.loaded_by) << " from "
            << printable(version.origin) << '\n';
  for (const store::Use& use : history) {
    if (use.hash != version.hash) continue;
    std::cout << "used    " << utc_text(use.since) << " by " << printable(use.by)
              << (use.reason.empty() ? "" : ": " + printable(use.reason)) << '\n';
  }
  for (const std::string& run : holders(*opened, version.hash)) std::cout << "run     " << run << '\n';
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
