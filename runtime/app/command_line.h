// From argv to a subcommand, with errors that say what was meant.
#pragma once

#include "app/exit_status.h"

namespace cw::app {

/// Runs what the arguments ask for. Raises usage: an unknown command or option (names the nearest), a value that is
/// missing or wrong; and whatever the subcommand raises.
ExitStatus command_line(int argc, const char* const* argv);

}  // namespace cw::app
