#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "app/commands.h"
#include "app/failure.h"
#include "app/results.h"
#include "app/session.h"
#include "cmd_card_private.h"

namespace cw::app {

namespace {

struct Options {
  SessionOptions session{};
  bool json = false;
};

/// What a card tells everybody; the flow scripts/_tools/card-info.lua reads it, behind the gate like any other.
ExitStatus show_card(const Options& options) {
  Session session(options.session);
  Results results;
  const Session::Outcome outcome = session.run("_tools/card-info", {}, results);
  session.save();
  if (outcome.interrupted) return ExitStatus::interrupted;
  if (outcome.result.error) {
    complain(without_place(*outcome.result.error, "scripts/_tools/card-info.lua"));
    return status_of_run(outcome.result.error->kind());
  }

  if (options.json) {
    std::cout << results.values().dump(2) << std::endl;
    session.check_trace();
    return ExitStatus::ok;
  }
  const Terminal terminal = Terminal::of(STDOUT_FILENO);
  bool first = true;
  for (const Table& table : results.tables()) {
    std::cout << (first ? "" : "\n") << table.format(terminal);
    first = false;
  }
  std::cout << std::flush;
  session.check_trace();
  return ExitStatus::ok;
}

}  // namespace

void add_card(CLI::App& program, Action& action) {
  CLI::App* card = program.add_subcommand("card", "Look at a card, serve a simulated one; whose cards are");
  card->require_subcommand(1);
  card->footer("Examples:\n  cardwright card info --card sim\n  cardwright card serve --vpcd --state card.json");
  CLI::App* info = card->add_subcommand("info", "What a card tells everybody; opens no secure channel, tries no key");
  auto options = std::make_shared<Options>();
  options->session.add_to(*info);
  options->session.add_recording_to(*info);
  info->add_flag("--json", options->json, "one JSON object");
  info->footer("Examples:\n  cardwright card info --card sim\n  cardwright card info --card sim:jcop4 --json");
  info->callback([options, &action] { action = [options] { return show_card(*options); }; });
  add_card_serve(*card, action);
  add_card_owner(*card, action);
}

}  // namespace cw::app
