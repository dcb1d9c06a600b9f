// The parts of cardwright bundle that have files of their own.
#pragma once

#include "app/commands.h"

namespace cw::app {

void add_bundle_build(CLI::App& bundle, Action& action);  // build, sign, verify
void add_bundle_swap(CLI::App& bundle, Action& action);   // load, use, rollback, discard
void add_bundle_shadow(CLI::App& bundle, Action& action);

}  // namespace cw::app
