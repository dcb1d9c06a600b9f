#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "app/commands.h"
#include "app/failure.h"
#include "app/interrupt.h"
#include "app/policy_source.h"
#include "app/private_file.h"
#include "app/recorded_card.h"
#include "app/session.h"
#include "app/store_place.h"
#include "app/supplies.h"
#include "app/tear_flow.h"
#include "app/terminal.h"
#include "app/test_reports.h"
#include "app/whole_number.h"
#include "engine/scenario_text.h"
#include "scenario/playbill.h"
#include "se/flavor.h"

namespace cw::app {

namespace {

struct Options {
  std::vector<std::string> paths{};
  SupplyOptions supply{};
  TestReports::Options reports{};
  scenario::Filter filter{};
  std::optional<std::filesystem::path> policy{};
  std::optional<std::filesystem::path> card_state{};
  std::vector<std::string> settings{};
  std::string tear{};
  std::optional<std::filesystem::path> from{};
  std::optional<std::filesystem::path> record{};
  StorePlace store{};
  bool record_answers = false;
  uint64_t seed = 1;
  bool list = false;
};

ExitStatus list(const std::vector<scenario::Entry>& bill) {
  for (const scenario::Entry& entry : bill) {
    if (entry.scenario.name.empty()) {
      std::cout << printable(entry.broken->name + ", which cannot be read: " + entry.broken->failure->message) << '\n';
      continue;
    }
    std::cout << printable(entry.scenario.name) << " [" << entry.flavor << "] " << printable(entry.scenario.summary)
              << '\n';
  }
  std::cout << std::flush;
  return ExitStatus::ok;
}

ExitStatus status_of(const report::Results& results, bool interrupted) {
  if (interrupted) return ExitStatus::interrupted;
  return results.count(report::Case::Status::failed) == 0 ? ExitStatus::ok : ExitStatus::refused;
}

/// The recording as the text of a scenario.
ExitStatus print_scenario(const Options& options) {
  if (!options.paths.empty()) {
    throw Error(ErrorKind::usage, "--from prints a scenario and plays nothing; write it to a file, and play that");
  }
  std::cout << engine::scenario_of(engine::Recording::load(*options.from)) << std::flush;
  return ExitStatus::ok;
}

bool is_in_reader(const Options& options) { return options.supply.card.starts_with("pcsc") && options.tear.empty(); }

/// What a card in a reader is asked counts for all who ask it; simulated ones begin anew with each scenario.
void count_in_store(const Options& options, SupplyOptions& supply,
                    const std::shared_ptr<const engine::Policy>& policy) {
  if (!is_in_reader(options)) return;
  const auto store = std::make_shared<std::shared_ptr<store::Store>>();  // opened once there is a reader
  supply.count = [store, policy, place = options.store](const std::string& card) {
    if (!*store) *store = place.open();
    return *store ? std::make_unique<CountedRun>(*store, "test", card, *policy) : nullptr;
  };
}

ExitStatus test(const Options& options) {
  if (options.from) return print_scenario(options);
  if (options.store.store && !is_in_reader(options)) {
    throw Error(ErrorKind::usage,
                "--store goes with cards in readers (--card pcsc:READER); of simulated cards nothing is kept");
  }
  for (const std::string& name : options.filter.flavors) se::flavor(name);  // a mistyped one would leave nothing
  if (!options.tear.empty()) {
    if (options.list || !options.filter.tags.empty() || !options.filter.names.empty()) {
      throw Error(ErrorKind::usage, "--list, --tag and --name are for scenarios, and --tear all tears one flow");
    }
    return tear_flow({options.tear, options.paths, options.settings, options.supply, options.filter.flavors,
                      options.policy, options.card_state, options.seed, options.reports});
  }
  if (!options.settings.empty() || options.card_state) {
    throw Error(ErrorKind::usage, "--set and --card-state go with --tear; a scenario says itself what it begins with");
  }
  if (options.paths.empty())
    throw Error(ErrorKind::usage, "name a scenario, or a folder of them; see cardwright test --help");

  const std::vector<std::string> files = scenario::find_scenarios(options.paths);
  const auto bundle = load_bundle()->with_files({files.begin(), files.end()});
  SupplyOptions supply = options.supply;
  supply.flavors = options.filter.flavors;
  scenario::Production production;
  const Interrupt interrupt;  // before any reader has a thread: signals go to this one
  if (!options.list) {
    const auto store = is_in_reader(options) ? options.store.open_if_there(false) : nullptr;
    production.policy = choose_policy(options.policy, store.get(), *bundle).policy;
    count_in_store(options, supply, production.policy);
  }
  const auto supplies = open_supplies(supply);
  const auto bill = scenario::make_bill(*bundle, files, *supplies.front(), options.filter);
  if (options.list) return list(bill);

  if (options.record && supplies.size() > 1) {
    throw Error(ErrorKind::usage, "a recording is of one card at a time; leave --jobs out, or name one reader");
  }
  std::optional<RecordingFile> recording;
  if (options.record) refuse_to_record_over(options.supply.card, *options.record);
  if (options.record) recording.emplace(*options.record, options.record_answers);

  TestReports reports(options.reports, options.seed);
  production.bundle = bundle;
  production.seed = options.seed;
  production.keep_events = reports.wants_events();
  production.stop = &interrupt.requested();
  production.recorder = recording ? &recording->recorder() : nullptr;
  reports.begin();
  scenario::play_all(production, bill, supplies, [&reports](report::Case one) { reports.add(std::move(one)); });
  const bool interrupted = interrupt.requested();
  reports.end(interrupted);
  if (recording) recording->check();
  return status_of(reports.results(), interrupted);
}

}  // namespace

void add_test(CLI::App& program, Action& action) {
  CLI::App* command = program.add_subcommand("test", "Play scenarios on a card; tear a flow everywhere");
  auto options = std::make_shared<Options>();
  command->add_option("PATH", options->paths, "scenario files, and folders of them")->type_name("");
  command
      ->add_option("--card", options->supply.card,
                   "sim, sim:FLAVOR, vpcd:FLAVOR@HOST:PORT: simulated; pcsc:READER, pcsc:*: in readers; recorded:FILE "
                   "(default sim)")
      ->type_name("CARD");
  command
      ->add_option("--keys", options->supply.keys, "key store (default: $CARDWRIGHT_KEYS; for sim: built-in test keys)")
      ->type_name("FILE");
  command
      ->add_option("--policy", options->policy,
                   "the rules to run under (default: the version in use on the store, for cards in readers; else "
                   "policies/default.lua)")
      ->type_name("FILE");
  command->add_option("--tag", options->filter.tags, "only scenarios with this tag; !TAG: without it")
      ->allow_extra_args(false)
      ->type_name("TAG");
  command->add_option("--name", options->filter.names, "only scenarios of this name; * stands for anything")
      ->allow_extra_args(false)
      ->type_name("NAME");
  command->add_option("--flavor", options->filter.flavors, "only on this flavor; of a card in a reader: what it is")
      ->allow_extra_args(false)
      ->type_name("FLAVOR");
  command->add_option("--jobs", options->supply.jobs, "so many at once (default 1)")
      ->check(CLI::Range(1u, 64u))
      ->type_name("N");
  command->add_option("--seed", options->seed, "random numbers and cards from N (default 1)")
      ->check(WholeNumber())
      ->type_name("N");
  command
      ->add_option("--format", options->reports.format,
                   "summary for people, tap for machines (default: summary at a terminal)")
      ->check(CLI::IsMember({"summary", "tap"}))
      ->type_name("FORMAT");
  command->add_option("--junit", options->reports.junit, "write a JUnit file")->type_name("FILE");
  command->add_option("--html", options->reports.html, "write a page with results, traces, timing, coverage")
      ->type_name("FILE");
  command->add_option("--slowest", options->reports.slowest, "name the N slowest")
      ->check(CLI::Range(0u, 1'000'000u))
      ->type_name("N");
  options->store.add_to(*command);
  command->add_flag("--fresh", options->supply.fresh, "cards in readers are as they left the factory");
  command->add_flag("--list", options->list, "say what would be played, and play nothing");
  command->add_option("--record", options->record, "write a recording, to be played on with --card recorded:FILE")
      ->type_name("FILE");
  command->add_flag("--record-answers", options->record_answers,
                    "leave no answer out of the recording, what applets and backends say included: not safe to share");
  command->add_option("--from", options->from, "print a recording as a scenario, and play nothing")->type_name("FILE");
  command->add_option("--tear", options->tear, "all: PATH is a flow; tear it at every command and run it again")
      ->check(CLI::IsMember({"all"}))
      ->type_name("all");
  command->add_option("--set", options->settings, "with --tear: argument of the flow, as in cardwright run")
      ->allow_extra_args(false)
      ->type_name("NAME=VALUE");
  command->add_option("--card-state", options->card_state, "with --tear: memory of the card that the flow begins with")
      ->type_name("FILE");
  command->footer(
      "A scenario for every flavor is played on each. The order is that of the paths and names, whatever the number "
      "of\n"
      "jobs. The exit status is 1 if a scenario failed; skipped ones do not count.\n"
      "\n"
      "No run is kept. What a card in a reader is asked counts in the store, for all runs together, so scenarios with\n"
      "wrong keys use its attempts up; --store none lets each run count for itself. Of simulated cards nothing is "
      "kept.\n"
      "\n"
      "Examples:\n"
      "  cardwright test tests/scenarios\n"
      "  cardwright test tests/scenarios --tag install --flavor jcop4 --junit report.xml --html report.html\n"
      "  cardwright test --from yesterday.rec > story.lua\n"
      "  cardwright test --tear all demo/install --card sim:* --set cap=wallet.cap --set holder=@holder.txt");
  command->callback([options, &action] { action = [options] { return test(*options); }; });
}

}  // namespace cw::app
