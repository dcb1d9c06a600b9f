#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "app/backends.h"
#include "app/commands.h"
#include "app/console.h"
#include "app/desk_place.h"
#include "app/device_runs.h"
#include "app/durable_run.h"
#include "app/failure.h"
#include "app/interrupt.h"
#include "app/json_text.h"
#include "app/lost_keys.h"
#include "app/moment.h"
#include "app/operator_name.h"
#include "app/outbox_delivery.h"
#include "app/session.h"
#include "app/table.h"
#include "cmd_runs_private.h"
#include "engine/scheduler.h"

namespace cw::app {

namespace {

using nlohmann::ordered_json;
using service::Ask;

constexpr int64_t kMostOfService = 1000;  // runs that a service gives at once

struct Options {
  DeskPlace place{};
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

std::string ended_by(const ordered_json& row) {
  const std::string error = text_in(row, "error");
  if (error.empty()) return {};
  return text_in(row, "state") == "stopped" ? "an operator" : error + " error";
}

bool is_over(const ordered_json& row) {
  const auto state = store::run_state_named(text_in(row, "state"));
  return state && store::is_over(*state);
}

ExitStatus list(const Options& options) {
  service::OperatorCommand command{Ask::run_list, {}, {}};
  if (!options.flow.empty()) command.words["flow"] = options.flow;
  if (!options.state.empty()) command.words["state"] = options.state;
  const int64_t all = options.place.is_remote() ? kMostOfService : 0;
  command.numbers["limit"] = options.everything ? all : options.limit;
  const ordered_json answer = options.place.answer(command);
  const ordered_json& rows = answer.at("runs");
  if (options.json) {
    for (const ordered_json& row : rows) std::cout << json_line(row) << '\n';
    std::cout << std::flush;
    return ExitStatus::ok;
  }
  if (rows.empty()) std::cout << "no run\n";
  Table table;
  table.columns = {"id", "state", "flow", "card", "attempts", "changed", "ended by"};
  const bool owned =
      std::any_of(rows.begin(), rows.end(), [](const auto& row) { return !text_in(row, "owner").empty(); });
  if (owned) table.columns.insert(table.columns.begin() + 3, "owner");
  for (const ordered_json& row : rows) {
    const bool to_stop = row.at("stop_asked") == true && !is_over(row);
    table.rows.push_back({text_in(row, "id"), text_in(row, "state") + (to_stop ? ", to stop" : ""),
                          text_in(row, "flow"), text_in(row, "card"), std::to_string(row.at("attempts").get<int64_t>()),
                          utc_text(row.at("changed").get<int64_t>()), ended_by(row)});
    if (owned) table.rows.back().insert(table.rows.back().begin() + 3, text_in(row, "owner"));
  }
  if (!rows.empty()) std::cout << table.format(Terminal::of(STDOUT_FILENO));
  for (const ordered_json& row : rows) {
    for (const ordered_json& line : row.at("lost_keys")) std::cout << printable(line.get<std::string>()) << '\n';
  }
  std::cout << std::flush;
  return ExitStatus::ok;
}

ExitStatus stop(const Options& options) {
  for (const std::string& given : options.ids) {
    const ordered_json answer = options.place.answer({Ask::run_stop, {{"run", given}}, {}});
    std::cout << text_in(answer, "id");
    if (answer.at("over") == true) {
      std::cout << " is over: " << text_in(answer, "state") << '\n';
    } else {
      std::cout << (answer.at("stopped") == true ? " is stopped" : " stops before its next step; a process works on it")
                << '\n';
    }
  }
  std::cout << std::flush;
  return ExitStatus::ok;
}

/// It goes on where its card is.
ExitStatus let_go_on(const Options& options) {
  const ordered_json answer = options.place.answer({Ask::run_resume, {{"run", options.id}}, {}});
  std::cout << text_in(answer, "id") << " goes on when its device calls" << std::endl;
  return ExitStatus::ok;
}

ExitStatus resume(const Options& options) {
  if (options.place.is_remote()) {
    if (!options.card && !options.keys) return let_go_on(options);
    throw Error(ErrorKind::usage, "a service lets runs on devices go on; --card and --keys are for a card here");
  }
  const auto opened = options.place.store.open_to_change();
  if (!options.place.owner.empty()) opened->runs().find(options.id, options.place.owner);
  // What is needed here is looked at before the run is taken from whoever holds it.
  const journal::OpenedJournal before = journal::open_journal(*opened, options.id);
  const journal::Origin& origin = before.head.origin;
  if (store::is_over(before.row.state)) {
    throw Error(ErrorKind::usage, "run " + before.row.id + " is over (" + std::string(name_of(before.row.state)) +
                                      "), so there is nothing to go on with; cardwright runs show " + before.row.id +
                                      " says how it ended");
  }
  if (!options.card && origin.card == kDeviceCard) return let_go_on(options);
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
  setup.http = Backends::configured().transport();
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
      "another attempt, which skips what is done. A run whose attempts were used up gets as many again.\n"
      "A run on the card of a device goes on when that calls; with --card it goes on with a card here.");

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
