// What the program's exit status says. One table: the program returns by it, --help and README.md print it.
#pragma once

#include <string>

#include "base/error.h"

namespace cw::app {

enum class ExitStatus : int {
  ok = 0,
  refused = 1,  // the flow, the card, a backend or a file said no
  usage = 2,
  policy = 3,
  budget = 4,
  reader = 5,
  store = 6,
  internal = 70,      // EX_SOFTWARE of sysexits.h
  interrupted = 130,  // 128 + SIGINT, as shells have it
};

ExitStatus status_of(ErrorKind kind);

/// Of an error that ended a run: what a flow gave to the wrong function is no wrong argument of the program, and
/// commands may have been sent.
ExitStatus status_of_run(ErrorKind kind);

/// The table, one line per status, for --help.
std::string exit_status_help();

}  // namespace cw::app
