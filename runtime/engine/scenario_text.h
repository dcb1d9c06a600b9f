// A recording as a scenario: the text of a Lua file that plays the recorded runs on a card, and expects of each the
// commands, status words and steps that were recorded (docs/RECORDINGS.md).
#pragma once

#include <string>

#include "engine/recording.h"

namespace cw::engine {

/// Secrets become filler of the recorded size; a CAP file is looked for beside the scenario.
std::string scenario_of(const Recording& recording);

}  // namespace cw::engine
