#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "app/commands.h"
#include "app/console.h"
#include "app/failure.h"
#include "app/interrupt.h"
#include "app/line_reader.h"
#include "app/observers.h"
#include "app/repl.h"
#include "app/session.h"

namespace cw::app {

namespace {

struct Options {
  SessionOptions session{};
  bool verbose = false;
};

constexpr std::string_view kWelcome =
    "Lua on a card. At hand: card, flavor, my (a table that stays), gp, sd, perso, apdu, tlv, hex, json, keys.\n"
    "Try: card:select(\"\")   my.isd = gp.open(card, { keys = \"isd\", flavor = flavor })   Ctrl-C drops a line, "
    "Ctrl-D ends.\n";

/// With entries from a pipe, the first that fails decides the exit status; at a terminal the person sees it.
ExitStatus prompt(const Options& options) {
  Session session(options.session);
  session.announce_keys();
  Console console(std::cout, Terminal::of(STDOUT_FILENO), options.verbose);
  Observers observers;
  observers.add(&console);
  observers.add(session.trace());
  Repl repl(session, observers);
  LineReader reader;
  const bool somebody = reader.somebody();
  if (somebody) std::cerr << kWelcome;

  ExitStatus status = ExitStatus::ok;
  const auto failed = [&](const Error& error) {
    complain(error);
    if (!somebody && status == ExitStatus::ok) status = status_of_run(error.kind());
  };
  const Error incomplete(ErrorKind::script, "the entry was not complete, and was not run");
  std::string entry;
  for (std::string line;;) {
    const LineReader::Got got = reader.next(entry.empty() ? "> " : "... ", line);
    if (got == LineReader::Got::end) break;
    if (got == LineReader::Got::dropped) {
      entry.clear();
      continue;
    }
    entry += entry.empty() ? line : "\n" + line;
    if (entry.find_first_not_of(" \t\n") == std::string::npos) {
      entry.clear();
      continue;
    }
    Repl::Entered entered = Repl::Entered::done;
    const auto failure = failure_of([&] {
      const Interrupt interrupt;
      entered = repl.enter(entry, interrupt.requested());
    });
    // An empty line gives up on an entry that is not complete.
    if (!failure && entered == Repl::Entered::incomplete && !line.empty()) continue;
    if (!failure && entered == Repl::Entered::incomplete) failed(incomplete);
    if (failure) failed(*failure);
    session.save();
    entry.clear();
  }
  if (!entry.empty()) failed(incomplete);
  if (somebody) std::cerr << '\n';
  session.check_trace();
  return status;
}

}  // namespace

void add_repl(CLI::App& program, Action& action) {
  CLI::App* command = program.add_subcommand("repl", "Try Lua on a card, entry by entry");
  auto options = std::make_shared<Options>();
  options->session.add_to(*command);
  options->session.add_store_to(*command, SessionOptions::Keeps::counts);
  command->add_flag("--verbose,-v", options->verbose, "each command, debug lines");
  command->footer(
      "Entries run in the sandbox that flows run in, and pass the same gate. Channels stay open between entries.\n"
      "An entry goes over several lines until it is complete.\n"
      "\n"
      "No run is kept, since nobody could go on with it. The store counts attempts on the card, for all runs "
      "together,\n"
      "and its audit says which keys were used; for a simulated card only where a store is named.\n"
      "\n"
      "Examples:\n"
      "  cardwright repl --card sim\n"
      "  echo 'card:select(\"\")' | cardwright repl --card sim");
  command->callback([options, &action] { action = [options] { return prompt(*options); }; });
}

}  // namespace cw::app
