#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "app/commands.h"
#include "app/console.h"
#include "app/durable_run.h"
#include "app/failure.h"
#include "app/interrupt.h"
#include "app/json_text.h"
#include "app/lost_keys.h"
#include "app/moment.h"
#include "app/operator_name.h"
#include "app/outbox_delivery.h"
#include "app/session.h"
#include "app/store_place.h"
#include "app/table.h"
#include "cmd_runs_private.h"
#include "engine/scheduler.h"

namespace cw::app {

namespace {

using nlohmann::ordered_json;

struct Options {
  StorePlace place{};
  std::vector<std::string> ids{};
  std::string id{};
  std::string state{};
  std::string flow{};
  int64_t limit = 50;
  bool json = false;
  bool verbose = false;
  bool everything = false;
  std::optional<std::string> card{};
  std::optional<std::filesystem::path> keys{};
};

ordered_json json_of(const store::RunRow& row) {
  return {{"id", row.id},
          {"state", store::name_of(row.state)},
          {"flow", row.flow},
          {"card", row.card},
          {"card_id", row.card_id},
          {"flavor", row.flavor},
          {"bundle", row.bundle},
          {"policy", row.policy},
          {"policy_hash", row.policy_hash},
          {"node", row.node},
          {"created", row.created},
          {"changed", row.changed},
          {"wake", row.wake},
          {"attempts", row.attempts},
          {"frames", row.frames},
          {"error", row.error},
          {"stop_asked", row.stop_asked},
          {"held", row.held}};
}

std::string ended_by(const store::RunRow& row) {
  if (row.error.empty()) return {};
  return row.state == store::RunState::stopped ? "an operator" : row.error + " error";
}

ExitStatus list(const Options& options) {
  store::RunFilter filter;
  filter.flow = options.flow;
  filter.limit = options.everything ? 0 : options.limit;
  if (!options.state.empty()) {
    filter.state = store::run_state_named(options.state);
    if (!filter.state) {
      throw Error(ErrorKind::usage,
                  "--state is one of running, waiting, stuck, done, failed, stopped, and not '" + options.state + "'");
    }
  }
  const auto opened = options.place.open_to_read();
  const std::vector<store::RunRow> rows = opened->runs().list(filter);
  if (options.json) {
    for (const store::RunRow& row : rows) {
      ordered_json line = json_of(row);
      line["lost_keys"] = lost_key_lines(*opened, row);
      std::cout << json_line(line) << '\n';
    }
    std::cout << std::flush;
    return ExitStatus::ok;
  }
  if (rows.empty()) std::cout << "no run\n";
  Table table;
  table.columns = {"id", "state", "flow", "card", "attempts", "changed", "ended by"};
  for (const store::RunRow& row : rows) {
    const bool to_stop = row.stop_asked && !store::is_over(row.state);
    table.rows.push_back({row.id, std::string(store::name_of(row.state)) + (to_stop ? ", to stop" : ""), row.flow,
                          row.card, std::to_string(row.attempts), utc_text(row.changed), ended_by(row)});
  }
  if (!rows.empty()) std::cout << table.format(Terminal::of(STDOUT_FILENO));
  for (const store::RunRow& row : rows) {
    for (const std::string& line : lost_key_lines(*opened, row)) std::cout << printable(line) << '\n';
  }
  std::cout << std::flush;
  return ExitStatus::ok;
}

/// A run that a process works on ends at its next boundary, one that nobody holds at once.
ExitStatus stop(const Options& options) {
  const auto opened = options.place.open_to_change();
  for (const std::string& given : options.ids) {
    const store::RunRow row = opened->runs().find(given);
    if (store::is_over(row.state)) {
      std::cout << row.id << " is over: " << store::name_of(row.state) << '\n';
      continue;
    }
    opened->runs().ask_to_stop(row.id);
    const bool ended = journal::StoreJournal::stop_if_free(opened, row.id, operator_name());
    std::cout << row.id << (ended ? " is stopped" : " stops before its next step; a process works on it") << '\n';
  }
  std::cout << std::flush;
  return ExitStatus::ok;
}

ExitStatus resume(const Options& options) {
  const auto opened = options.place.open_to_change();
  // What is needed here is looked at before the run is taken from whoever holds it.
  const journal::OpenedJournal before = journal::open_journal(*opened, options.id);
  const journal::Origin& origin = before.head.origin;
  const std::string card_name = options.card.value_or(origin.card);
  CardOptions card_options;
  if (origin.card_state && !options.card) card_options.state = *origin.card_state;
  card_options.flavor = options.card ? std::nullopt : origin.flavor;
  card_options.shared = origin.card_shared;
  card_options.seed = origin.seed;
  OpenCard card(CardName::parse(card_name), card_options);
  std::optional<std::filesystem::path> key_file = options.keys;
  if (!key_file && origin.keys) key_file = *origin.keys;
  const KeySource keys =
      open_keys(key_file, std::getenv("CARDWRIGHT_KEYS"), card.simulated() ? &card.host_flavor() : nullptr);

  demand_keys_of(*opened, before.row.id, *keys.store);

  const Interrupt interrupt;
  bool told = false;
  const auto patience = [&](std::chrono::milliseconds left) {
    if (!told) {
      std::cerr << "cardwright: another process holds the run; it is taken over if that one gives no sign of life for "
                << (left.count() + 999) / 1000 << " s\n";
    }
    told = true;
    return !interrupt.requested();
  };
  journal::StoreJournal::TakenUp taken =
      journal::StoreJournal::take_up(opened, before.row.id, patience, operator_name());
  engine::RunSetup setup = std::move(taken.setup);
  DurableRun durable(opened, std::move(taken.journal));
  Console console(std::cout, Terminal::of(STDOUT_FILENO), options.verbose);
  setup.keys = keys.store;
  setup.reader = &card.reader();
  setup.observer = &console;
  setup.http = call_http;
  durable.join(setup);
  engine::Scheduler scheduler;
  scheduler.add(std::make_unique<engine::Run>(std::move(setup)));
  scheduler.run_all(&interrupt.requested());
  const engine::RunResult& result = scheduler.at(0).result();
  const bool interrupted = interrupt.requested() && result.error.has_value();
  console.finish(result, interrupted);
  card.save();
  deliver_for_run(opened, durable.id());
  if (interrupted) {
    std::cerr << "cardwright: run " << durable.id()
              << " was stopped by a signal; cardwright runs resume goes on with it\n";
    return ExitStatus::interrupted;
  }
  if (result.error && result.can_resume && !durable.stopped()) say_kept(durable.id());
  if (result.error) complain(*result.error);
  return result.error ? status_of_run(result.error->kind()) : ExitStatus::ok;
}

}  // namespace

void add_runs(CLI::App& program, Action& action) {
  CLI::App* runs = program.add_subcommand("runs", "Runs in a store: see, stop, resume, replay, carry elsewhere");
  runs->require_subcommand(1);
  auto options = std::make_shared<Options>();

  CLI::App* listing = runs->add_subcommand("list", "Runs, the newest first");
  options->place.add_to(*listing);
  listing->add_option("--state", options->state, "only these: running, waiting, stuck, done, failed, stopped")
      ->type_name("STATE");
  listing->add_option("--flow", options->flow, "only runs of this flow; * stands for anything")->type_name("PATTERN");
  CLI::Option* limit = listing->add_option("--limit", options->limit, "at most so many (default: 50)")
                           ->check(CLI::PositiveNumber)
                           ->type_name("N");
  listing->add_flag("--all", options->everything, "all there are")->excludes(limit);
  listing->add_flag("--json", options->json, "a JSON object per line");
  listing->callback([options, &action] { action = [options] { return list(*options); }; });

  CLI::App* stopping = runs->add_subcommand("stop", "End runs before their next step");
  options->place.add_to(*stopping);
  stopping->add_option("ID", options->ids, "the run, or the beginning of its id")->required()->type_name("");
  stopping->callback([options, &action] { action = [options] { return stop(*options); }; });

  CLI::App* resuming = runs->add_subcommand("resume", "Go on with a run that its process left");
  options->place.add_to(*resuming);
  resuming->add_option("ID", options->id, "the run, or the beginning of its id")->required()->type_name("");
  resuming->add_option("--card", options->card, "the card, if it is to be found elsewhere now")->type_name("CARD");
  resuming->add_option("--keys", options->keys, "key store (default: the one the run began with)")->type_name("FILE");
  resuming->add_flag("--verbose,-v", options->verbose, "each command and debug lines too");
  resuming->callback([options, &action] { action = [options] { return resume(*options); }; });
  resuming->footer(
      "Where the card kept its power and nothing is in doubt, the run goes on where it stood. Otherwise it begins\n"
      "another attempt, which skips what is done. A run whose attempts were used up gets as many again.");

  add_runs_show(*runs, action);
  add_runs_replay(*runs, action);
  add_runs_carry(*runs, action);
  runs->footer(
      "Examples:\n"
      "  cardwright runs list --state stuck\n"
      "  cardwright runs show 2gk7\n"
      "  cardwright runs replay 2gk7 --policy policies/next.lua\n"
      "  cardwright runs export 2gk7 run.json");
}

}  // namespace cw::app
