#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "app/operator_name.h"
#include "app/policy_source.h"
#include "app/session.h"
#include "app/store_place.h"
#include "app/terminal.h"
#include "app/version_swap.h"
#include "base/error.h"
#include "cmd_policy_private.h"

namespace cw::app {

namespace {

struct LoadOptions {
  StorePlace place{};
  std::vector<std::filesystem::path> files{};
};

/// All of them are looked at before the first one is put in.
ExitStatus load(const LoadOptions& options) {
  const auto bundle = load_bundle();
  std::vector<std::shared_ptr<const engine::Policy>> policies;
  for (const auto& file : options.files) policies.push_back(load_policy_file(file, *bundle));
  const std::shared_ptr<store::Store> store = options.place.open();
  if (!store) throw Error(ErrorKind::usage, "the store is switched off by 'none'; name one with --store");
  for (const auto& policy : policies) {
    const bool is_new = put_policy(*store, *policy, operator_name());
    std::cout << printable("policy " + policy->name()) << ' ' << policy->hash().substr(0, 12)
              << (is_new ? " is loaded; cardwright policy use " + policy->hash().substr(0, 12) +
                               " lets runs begin under it"
                         : " was there already")
              << '\n';
  }
  std::cout << std::flush;
  return ExitStatus::ok;
}

ExitStatus use(const SwapOptions& options) {
  want_one_line(options.reason);
  if (options.version != kDenyAll) {
    use_version(*options.place.open_to_change(), policy_kind(), options);
    return ExitStatus::ok;
  }
  // An emergency does not wait for a file of audit roots that cannot be written.
  const auto store = options.place.open_to_read();
  const auto policy = load_policy_file(shipped_policy(kDenyAll), *load_bundle());
  put_policy(*store, *policy, operator_name());
  SwapOptions by_hash = options;
  by_hash.version = policy->hash();
  use_version(*store, policy_kind(), by_hash);
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
  used->add_reason_to(*use_one);
  use_one->footer(
      "Runs that are under way keep their version; cardwright runs stop ends them before their next step.\n"
      "deny_all needs no loading: under it no run begins.\n"
      "\n"
      "Examples:\n"
      "  cardwright policy use strict --reason 'audit of May'\n"
      "  cardwright policy use deny_all --reason 'stop everything'");
  use_one->callback([used, &action] { action = [used] { return use(*used); }; });

  auto back = std::make_shared<SwapOptions>();
  CLI::App* before = policy.add_subcommand("rollback", "Use the version that was in use before this one");
  back->place.add_to(*before);
  back->add_reason_to(*before);
  before->footer(
      "A second rollback takes the first one back.\n\nExamples:\n  cardwright policy rollback --reason 'installs "
      "fail'");
  before->callback([back, &action] {
    action = [back] {
      roll_back(policy_kind(), *back);
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
      discard_version(policy_kind(), *gone);
      return ExitStatus::ok;
    };
  });
}

}  // namespace cw::app
