#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "app/operator_name.h"
#include "app/policy_source.h"
#include "app/session.h"
#include "app/store_place.h"
#include "app/terminal.h"
#include "base/error.h"
#include "cmd_policy_private.h"

namespace cw::app {

namespace {

struct Options {
  StorePlace place{};
  std::vector<std::filesystem::path> files{};
  std::string version{};
  std::string reason{};
};

std::string shown(const store::Version& version) {
  return printable("policy " + version.name + " " + version.hash.substr(0, 12));
}

void want_one_line(const std::string& reason) {
  if (printable(reason) == reason) return;
  throw Error(ErrorKind::usage, "the reason for the audit has characters that cannot be printed; write one line");
}

/// All of them are looked at before the first one is put in.
ExitStatus load(const Options& options) {
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

ExitStatus use(const Options& options) {
  want_one_line(options.reason);
  const auto bundle = load_bundle();
  const bool stops_everything = options.version == kDenyAll;
  // An emergency does not wait for a file of audit roots that cannot be written.
  const auto store = stops_everything ? options.place.open_to_read() : options.place.open_to_change();
  std::string named = options.version;
  if (stops_everything) {
    const auto policy = load_policy_file(shipped_policy(kDenyAll), *bundle);
    put_policy(*store, *policy, operator_name());
    named = policy->hash();
  }
  const store::Version version = store->policies().find(named);
  stored_policy(*store, version.hash, *bundle);  // nothing that this program cannot read comes into use
  store->policies().use(version.hash, operator_name(), options.reason);
  std::cout << shown(version) << " is in use: every run on this store that begins from now on is under it" << std::endl;
  return ExitStatus::ok;
}

ExitStatus roll_back(const Options& options) {
  want_one_line(options.reason);
  const auto store = options.place.open_to_change();
  const std::vector<store::Use> history = store->policies().history();
  if (history.size() > 1) stored_policy(*store, history[1].hash, *load_bundle());  // it can be read
  const store::Use now = store->policies().roll_back(operator_name(), options.reason);
  std::cout << shown(store->policies().find(now.hash)) << " is in use again" << std::endl;
  return ExitStatus::ok;
}

ExitStatus discard(const Options& options) {
  const auto store = options.place.open_to_change();
  const store::Version version = store->policies().find(options.version);
  store->policies().discard(version.hash, operator_name());
  std::cout << shown(version) << " is discarded";
  if (version.runs > 0) std::cout << "; runs that began under it keep it to their end: " << version.runs;
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
  use_one->add_option("--reason", used->reason, "why; it is kept in the audit, so no secret")->type_name("TEXT");
  use_one->footer(
      "Runs that are under way keep their version; cardwright runs stop ends them before their next step.\n"
      "deny_all needs no loading: under it no run begins.\n"
      "\n"
      "Examples:\n"
      "  cardwright policy use strict --reason 'audit of May'\n"
      "  cardwright policy use deny_all --reason 'stop everything'");
  use_one->callback([used, &action] { action = [used] { return use(*used); }; });

  auto back = std::make_shared<Options>();
  CLI::App* before = policy.add_subcommand("rollback", "Use the version that was in use before this one");
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
