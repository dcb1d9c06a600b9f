#include <iostream>
#include <map>
#include <memory>

#include <CLI/CLI.hpp>

#include "app/desk_place.h"
#include "app/json_text.h"
#include "app/terminal.h"
#include "app/version_change.h"
#include "app/version_swap.h"
#include "base/error.h"
#include "base/files.h"
#include "cmd_policy_private.h"

namespace cw::app {

namespace {

using nlohmann::ordered_json;
using service::Ask;

constexpr SwapWords kWords{policy_kind, Ask::policy_use, Ask::policy_rollback, Ask::policy_discard};

struct LoadOptions {
  DeskPlace place{};
  std::vector<std::filesystem::path> files{};
};

/// All of them are looked at before the first one is put in.
ExitStatus load(const LoadOptions& options) {
  constexpr size_t kMost = 256u << 10;
  std::vector<std::map<std::string, std::string>> files;
  for (const auto& file : options.files) {
    files.push_back({{"origin", file.string()}, {"text", to_string(read_file(file, kMost))}});
  }
  for (const auto& file : files) options.place.answer({Ask::policy_check, file, {}});
  for (const auto& file : files) {
    const ordered_json answer = options.place.answer({Ask::policy_load, file, {}});
    const std::string hash = text_in(answer, "hash").substr(0, 12);
    std::cout << printable("policy " + text_in(answer, "name") + " " + hash)
              << (answer.at("new") == true ? " is loaded; cardwright policy use " + hash + " lets runs begin under it"
                                           : " was there already")
              << '\n';
  }
  std::cout << std::flush;
  return ExitStatus::ok;
}

}  // namespace

void add_policy_swap(CLI::App& policy, Action& action) {
  auto loaded = std::make_shared<LoadOptions>();
  CLI::App* load_one = policy.add_subcommand("load", "Check policies, run their examples, and keep them in the store");
  loaded->place.add_to(*load_one);
  load_one->add_option("FILE", loaded->files, "the policies")->required()->type_name("");
  load_one->footer("A policy that is refused leaves nothing behind.\n\nExamples:\n  cardwright policy load strict.lua");
  load_one->callback([loaded, &action] { action = [loaded] { return load(*loaded); }; });

  auto used = std::make_shared<SwapOptions>();
  CLI::App* use_one = policy.add_subcommand("use", "Let runs begin under this version from now on");
  used->place.add_to(*use_one);
  used->add_version_to(*use_one);
  used->add_canary_to(*use_one);
  used->add_reason_to(*use_one);
  use_one->footer(
      "Runs that are under way keep their version; cardwright runs stop ends them before their next step.\n"
      "deny_all needs no loading: under it no run begins.\n"
      "A canary ends when its version is used without --canary, with rollback, or by itself: when of 50 runs or more "
      "so\n"
      "many failed that it is no chance (p < 0.01), all runs begin under the version in use again.\n"
      "\n"
      "Examples:\n"
      "  cardwright policy use strict --reason 'audit of May'\n"
      "  cardwright policy use strict --canary 5%\n"
      "  cardwright policy use deny_all --reason 'stop everything'");
  use_one->callback([used, &action] {
    action = [used] {
      use_version(kWords, *used);
      return ExitStatus::ok;
    };
  });

  auto back = std::make_shared<SwapOptions>();
  CLI::App* before =
      policy.add_subcommand("rollback", "Use the version that was in use before this one, or end a canary");
  back->place.add_to(*before);
  back->add_reason_to(*before);
  before->footer(
      "A second rollback takes the first one back.\n\nExamples:\n  cardwright policy rollback --reason 'installs "
      "fail'");
  before->callback([back, &action] {
    action = [back] {
      roll_back(kWords, *back);
      return ExitStatus::ok;
    };
  });

  auto gone = std::make_shared<SwapOptions>();
  CLI::App* drop = policy.add_subcommand("discard", "Let no run begin under this version again");
  gone->place.add_to(*drop);
  gone->add_version_to(*drop);
  drop->footer("The version in use cannot be discarded.\n\nExamples:\n  cardwright policy discard 3f9a21");
  drop->callback([gone, &action] {
    action = [gone] {
      discard_version(kWords, *gone);
      return ExitStatus::ok;
    };
  });
}

}  // namespace cw::app
