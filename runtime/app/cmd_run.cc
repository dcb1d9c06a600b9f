#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "app/commands.h"
#include "app/console.h"
#include "app/durable_run.h"
#include "app/envelopes.h"
#include "app/failure.h"
#include "app/json_events.h"
#include "app/outbox_delivery.h"
#include "app/prompt.h"
#include "app/recorded_card.h"
#include "app/session.h"

namespace cw::app {

namespace {

struct Options {
  SessionOptions session{};
  std::string flow{};
  std::vector<std::string> settings{};
  bool json = false;
  bool verbose = false;
};

/// Asks for the secrets that are missing, if somebody is there to ask. False: given up.
bool ask_for_secrets(const engine::Flow& flow, std::vector<engine::Setting>& settings) {
  if (!can_prompt()) return true;  // Arguments::check says what is missing
  for (const engine::ArgumentSpec* spec : engine::Arguments::missing_secrets(flow, settings)) {
    std::optional<Secret> secret = prompt_secret(spec->name + (spec->help.empty() ? "" : " (" + spec->help + ")"));
    if (!secret) return false;
    settings.push_back({spec->name, std::move(*secret)});
  }
  return true;
}

ExitStatus stopped(const std::string& flow, const std::string& id) {
  std::cerr << "cardwright: " << flow << " was stopped by a signal; "
            << (id.empty() ? "run it again and it goes on from what is done"
                           : "cardwright runs resume " + id + " goes on with it")
            << '\n';
  return ExitStatus::interrupted;
}

/// `events`: where a program wants them; null: for people.
ExitStatus run(const Options& options, JsonEvents* events) {
  Session session(options.session);
  const std::string name = session.use_flow(options.flow);
  const engine::Flow flow = engine::check_flow(session.bundle(), name);
  std::vector<engine::Setting> settings;
  for (const std::string& text : options.settings) settings.push_back(engine::Setting::parse(text));
  if (const auto& replay = session.card().replay()) {
    for (engine::Setting& one : recorded_settings(flow, *replay->next(), settings)) settings.push_back(std::move(one));
  }
  if (!ask_for_secrets(flow, settings)) return ExitStatus::interrupted;
  Envelopes::configured().open(flow, settings, options.session.owner, session.store().get());
  engine::Arguments arguments = engine::Arguments::check(flow, std::move(settings));
  if (!flow.needs_keys.empty()) {
    session.demand_keys();
    session.announce_keys();
  }

  Console console(std::cout, Terminal::of(STDOUT_FILENO), options.verbose);
  if (events) events->begin(name, session.card().reader().name(), session.bundle(), session.policy());
  engine::Observer& observer = events ? static_cast<engine::Observer&>(*events) : console;
  const Session::Outcome outcome = session.run(name, std::move(arguments), observer, [&](const std::string& id) {
    if (events) {
      events->kept(id);
    } else if (options.verbose) {
      std::cout << "run " << id << std::endl;
    }
  });

  const std::optional<Error>& error = outcome.result.error;
  const ExitStatus status = outcome.interrupted ? ExitStatus::interrupted
                            : error             ? status_of_run(error->kind())
                                                : ExitStatus::ok;
  if (events) {
    events->finish(outcome.result, status);
  } else {
    console.finish(outcome.result, outcome.interrupted);
  }
  session.save();
  if (!outcome.id.empty()) deliver_for_run(session.store(), outcome.id);
  if (outcome.interrupted) return stopped(name, outcome.id);
  if (options.verbose && !outcome.result.traceback.empty()) std::cerr << outcome.result.traceback << '\n';
  if (error) {
    if (!outcome.id.empty() && outcome.result.can_resume) {
      say_kept(outcome.id);
    }
    complain(*error);
  } else {
    session.check_trace();
  }
  return status;
}

/// The last event is `end`, also if the run did not begin.
ExitStatus run_for_program(const Options& options) {
  JsonEvents events(std::cout, options.verbose);
  ExitStatus status = ExitStatus::ok;
  const auto failure = failure_of([&] { status = run(options, &events); });
  if (!events.finished()) {
    engine::RunResult result;
    result.error = failure;
    events.finish(result, failure ? status_of(failure->kind()) : status);
  }
  if (failure) throw *failure;
  return status;
}

}  // namespace

void add_run(CLI::App& program, Action& action) {
  CLI::App* command = program.add_subcommand("run", "Run a flow on a card");
  auto options = std::make_shared<Options>();
  command->add_option("FLOW", options->flow, "name under scripts/, or a .lua file")->required()->type_name("");
  options->session.add_to(*command);
  options->session.add_recording_to(*command);
  options->session.add_store_to(*command, SessionOptions::Keeps::runs);
  options->session.add_bundle_to(*command);
  command->add_option("--set", options->settings, "argument of the flow; NAME=@FILE reads a file, as secrets must be")
      ->allow_extra_args(false)
      ->type_name("NAME=VALUE");
  command->add_flag("--json", options->json, "one JSON event per line on standard output, and nothing else");
  command->add_flag("--verbose,-v", options->verbose, "each command, debug lines, stack trace of a script that failed");
  command->footer(
      "A secret that is missing is asked for, when standard input is a terminal. Ctrl-C stops before the next "
      "command;\n"
      "the card's memory is kept, and another run goes on from there.\n"
      "\n"
      "Examples:\n"
      "  cardwright run demo/inventory --card sim\n"
      "  cardwright run demo/install --card sim --card-state card.json --set cap=transit.cap --set holder=@holder.txt\n"
      "  cardwright run ./my.lua --card sim:jcop4 --trace - --verbose\n"
      "  cardwright run demo/inventory --card pcsc:0 --flavor jcop4 --keys lab.keys");
  command->callback([options, &action] {
    action = [options] { return options->json ? run_for_program(*options) : run(*options, nullptr); };
  });
}

}  // namespace cw::app
