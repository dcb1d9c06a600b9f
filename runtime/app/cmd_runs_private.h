// The parts of cardwright runs that have files of their own.
#pragma once

#include "app/commands.h"

namespace cw::app {

void add_runs_show(CLI::App& runs, Action& action);
void add_runs_replay(CLI::App& runs, Action& action);
void add_runs_carry(CLI::App& runs, Action& action);  // export, import

}  // namespace cw::app
