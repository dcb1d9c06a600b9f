// What belongs to `card` and has its own file.
#pragma once

#include "app/commands.h"

namespace cw::app {

void add_card_serve(CLI::App& card, Action& action);

}  // namespace cw::app
