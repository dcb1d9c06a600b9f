#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "app/device_runs.h"
#include "app/failure.h"
#include "app/key_source.h"
#include "app/policy_source.h"
#include "app/session.h"
#include "app/store_place.h"
#include "app/terminal.h"
#include "cmd_runs_private.h"
#include "engine/owner_keys.h"
#include "journal/replay_run.h"
#include "journal/shadow.h"
#include "journal/wire_check.h"

namespace cw::app {

namespace {

struct Options {
  StorePlace place{};
  std::string id{};
  std::optional<std::string> policy{};
  std::optional<std::string> bundle{};
  std::optional<std::filesystem::path> keys{};
  bool verify_wire = false;
};

std::string counted(uint64_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

void say_played(const journal::OpenedJournal& journal, const journal::Replayed& replayed) {
  std::cout << "replayed run " << journal.row.id << ": " << counted(replayed.result.commands, "command") << " in "
            << counted(replayed.result.attempts, "attempt") << ", as the journal has them";
  if (replayed.result.ran_out) std::cout << "; the journal ends before the run does";
  std::cout << '\n';
}

ExitStatus differs(const Error& difference) {
  complain(difference);
  return ExitStatus::refused;
}

ExitStatus shadow(const journal::OpenedJournal& journal, engine::RunSetup setup,
                  const std::shared_ptr<const engine::Policy>& policy) {
  const engine::Flow flow = engine::check_flow(*setup.bundle, setup.flow_name);
  journal::Shadow judge(policy, flow, setup);
  journal::ReplayOptions replaying;
  replaying.around = [&](std::unique_ptr<engine::RunOutside> inner) { return judge.around(std::move(inner)); };
  const journal::Replayed replayed = journal::replay_run(journal, std::move(setup), replaying);
  if (replayed.difference) return differs(*replayed.difference);
  size_t allowed = 0;
  size_t unreachable = 0;
  const journal::Verdict* denied = nullptr;
  for (const journal::Verdict& verdict : judge.verdicts()) {
    using Is = journal::Verdict::Is;
    const char* word = verdict.is == Is::allowed ? "allowed" : verdict.is == Is::denied ? "DENIED" : "unreachable";
    std::cout << word << std::string(13 - std::string_view(word).size(), ' ') << printable(verdict.request) << '\n';
    if (verdict.is == Is::denied) std::cout << "             " << printable(verdict.because) << '\n';
    allowed += verdict.is == Is::allowed;
    unreachable += verdict.is == Is::unreachable;
    if (verdict.is == Is::denied) denied = &verdict;
  }
  std::cout << "under policy " << printable(policy->name()) << ": " << allowed << " allowed";
  if (denied != nullptr) {
    // The flow itself is judged before all attempts.
    std::cout << ", then one denied "
              << (denied->attempt == 0 ? "before the first attempt" : "in attempt " + std::to_string(denied->attempt))
              << ", " << unreachable << " behind it not reached";
  }
  std::cout << std::endl;
  return denied == nullptr ? ExitStatus::ok : ExitStatus::policy;
}

ExitStatus verify_wire(const journal::OpenedJournal& journal, engine::RunSetup setup, const Options& options) {
  if (journal.lines.wires.empty()) {
    throw Error(ErrorKind::usage, "run " + journal.row.id +
                                      " has no evidence of what travelled: it was imported, or sent "
                                      "nothing");
  }
  std::optional<std::filesystem::path> file = options.keys;
  if (!file && journal.head.origin.keys) file = *journal.head.origin.keys;
  const std::string& card = journal.head.origin.card;
  const bool simulated = card != kDeviceCard && CardName::parse(card).kind == CardName::Kind::simulated;
  const KeySource keys =
      open_keys(file, std::getenv("CARDWRIGHT_KEYS"), simulated ? &se::flavor(journal.head.recording.flavor) : nullptr);
  const std::map<std::string, Secret> secrets = std::move(setup.arguments.secrets);
  setup.arguments.secrets.clear();
  const engine::OwnerKeys seen(keys.store, setup.owner, setup.policy->grant(setup.owner));
  engine::Custody custody(seen, secrets);
  journal::WireCheck check(journal.lines, journal.key, custody, journal.head.traits);
  journal::ReplayOptions replaying;
  replaying.around = [&](std::unique_ptr<engine::RunOutside> inner) { return check.around(std::move(inner)); };
  const journal::Replayed replayed = journal::replay_run(journal, std::move(setup), replaying);
  if (replayed.difference) return differs(*replayed.difference);
  say_played(journal, replayed);
  if (check.different()) {
    throw Error(ErrorKind::card,
                "what travelled for '" + *check.different() + "' was something else than the keys in custody give");
  }
  std::cout << "on the wire: " << counted(check.checked(), "command") << " travelled as the keys in custody give them";
  if (check.unchecked() > 0) std::cout << "; " << check.unchecked() << " could not be checked";
  for (const std::string& name : check.missing()) std::cout << "\nnot in custody any more: " << printable(name);
  std::cout << std::endl;
  return check.missing().empty() ? ExitStatus::ok : ExitStatus::refused;
}

ExitStatus replay(const Options& options) {
  const auto opened = options.place.open_to_read();
  const journal::OpenedJournal journal = journal::open_journal(*opened, options.id);
  engine::RunSetup setup = journal::read_setup(*opened, journal.head, journal.key);
  if (options.policy) {
    const auto policy = policy_named(
        *options.policy, [&] { return opened; }, *setup.bundle);
    const auto tried = policy->over(setup.policy->under(), setup.owner);  // the owner's stays as it was
    return shadow(journal, std::move(setup), tried);
  }
  if (options.verify_wire) return verify_wire(journal, std::move(setup), options);
  journal::ReplayOptions replaying;
  if (options.bundle) replaying.bundle = bundle_named(*options.bundle, [&] { return opened; });
  const journal::Replayed replayed = journal::replay_run(journal, std::move(setup), replaying);
  if (replayed.difference) return differs(*replayed.difference);
  say_played(journal, replayed);
  std::cout << std::flush;
  return ExitStatus::ok;
}

}  // namespace

void add_runs_replay(CLI::App& runs, Action& action) {
  CLI::App* command = runs.add_subcommand("replay", "Play a run again from its journal: no card, no key, no network");
  auto options = std::make_shared<Options>();
  options->place.add_to(*command);
  command->add_option("ID", options->id, "the run, or the beginning of its id")->required()->type_name("");
  CLI::Option* policy =
      command
          ->add_option("--policy", options->policy,
                       "what another policy, a file or a version in the store, would have said to each command")
          ->type_name("POLICY");
  CLI::Option* bundle =
      command->add_option("--bundle", options->bundle,
                          "with other scripts: a folder with stdlib and scripts, a .bundle file, or a "
                          "version in the store; ends at the first difference");
  bundle->type_name("BUNDLE")->excludes(policy);
  CLI::Option* wire =
      command->add_flag("--verify-wire", options->verify_wire, "hold what travelled against the keys in custody");
  wire->excludes(policy)->excludes(bundle);
  command->add_option("--keys", options->keys, "key store for --verify-wire (default: the one the run began with)")
      ->needs(wire)
      ->type_name("FILE");
  command->callback([options, &action] { action = [options] { return replay(*options); }; });
}

}  // namespace cw::app
