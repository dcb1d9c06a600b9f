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

struct Options {
  DeskPlace place{};
  std::vector<std::filesystem::path> files{};
  std::string version{};
  std::string canary{};
  std::string reason{};
};

std::string shown(const ordered_json& version) {
  return printable("policy " + text_in(version, "name") + " " + text_in(version, "hash").substr(0, 12));
}

std::map<std::string, std::string> words_of(const Options& options) {
  std::map<std::string, std::string> out;
  if (!options.version.empty()) out["version"] = options.version;
  if (!options.canary.empty()) out["canary"] = options.canary;
  if (!options.reason.empty()) out["reason"] = options.reason;
  return out;
}

/// All of them are looked at before the first one is put in.
ExitStatus load(const Options& options) {
  constexpr size_t kMost = 256u << 10;
  std::vector<std::map<std::string, std::string>> files;
  for (const auto& file : options.files) {
    files.push_back({{"origin", file.string()}, {"text", to_string(read_file(file, kMost))}});
  }
  for (const auto& file : files) options.place.answer({Ask::policy_check, file, {}});
  for (const auto& file : files) {
    const ordered_json answer = options.place.answer({Ask::policy_load, file, {}});
    const std::string hash = text_in(answer, "hash").substr(0, 12);
    std::cout << shown(answer)
              << (answer.at("new") == true ? " is loaded; cardwright policy use " + hash + " lets runs begin under it"
                                           : " was there already")
              << '\n';
  }
  std::cout << std::flush;
  return ExitStatus::ok;
}

ExitStatus use(const Options& options) {
  want_one_line(options.reason);
  if (!options.canary.empty()) parse_share(options.canary);
  std::cout << told(policy_kind(), options.place.answer({Ask::policy_use, words_of(options), {}}),
                    " is in use: every run on this store that begins from now on is under it")
            << std::endl;
  return ExitStatus::ok;
}

ExitStatus roll_back(const Options& options) {
  want_one_line(options.reason);
  std::cout << told(policy_kind(), options.place.answer({Ask::policy_rollback, words_of(options), {}}),
                    " is in use again")
            << std::endl;
  return ExitStatus::ok;
}

ExitStatus discard(const Options& options) {
  const ordered_json answer = options.place.answer({Ask::policy_discard, words_of(options), {}});
  std::cout << shown(answer) << " is discarded";
  if (const auto runs = answer.at("runs").get<int64_t>(); runs > 0) {
    std::cout << "; runs that began under it keep it to their end: " << runs;
  }
  std::cout << std::endl;
  return ExitStatus::ok;
}

}  // namespace

void add_policy_swap(CLI::App& policy, Action& action) {
  auto loaded = std::make_shared<Options>();
  CLI::App* load_one = policy.add_subcommand("load", "Check policies, run their examples, and keep them in the store");
  loaded->place.add_to(*load_one);
  load_one->add_option("FILE", loaded->files, "the policies")->required()->type_name("");
  load_one->footer("A policy that is refused leaves nothing behind.\n\nExamples:\n  cardwright policy load strict.lua");
  load_one->callback([loaded, &action] { action = [loaded] { return load(*loaded); }; });

  auto used = std::make_shared<Options>();
  CLI::App* use_one = policy.add_subcommand("use", "Let runs begin under this version from now on");
  used->place.add_to(*use_one);
  use_one->add_option("VERSION", used->version, "its hash, the first digits of it, or its name")
      ->required()
      ->type_name("");
  use_one
      ->add_option("--canary", used->canary,
                   "for this part of the runs only, until it is seen whether they fail more often")
      ->type_name("PERCENT");
  use_one->add_option("--reason", used->reason, "why; it is kept in the audit, so no secret")->type_name("TEXT");
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
  use_one->callback([used, &action] { action = [used] { return use(*used); }; });

  auto back = std::make_shared<Options>();
  CLI::App* before =
      policy.add_subcommand("rollback", "Use the version that was in use before this one, or end a canary");
  back->place.add_to(*before);
  before->add_option("--reason", back->reason, "why; it is kept in the audit, so no secret")->type_name("TEXT");
  before->footer(
      "A second rollback takes the first one back.\n\nExamples:\n  cardwright policy rollback --reason 'installs "
      "fail'");
  before->callback([back, &action] { action = [back] { return roll_back(*back); }; });

  auto gone = std::make_shared<Options>();
  CLI::App* drop = policy.add_subcommand("discard", "Let no run begin under this version again");
  gone->place.add_to(*drop);
  drop->add_option("VERSION", gone->version, "its hash, the first digits of it, or its name")
      ->required()
      ->type_name("");
  drop->footer("The version in use cannot be discarded.\n\nExamples:\n  cardwright policy discard 3f9a21");
  drop->callback([gone, &action] { action = [gone] { return discard(*gone); }; });
}

}  // namespace cw::app
