// What belongs to `card` and has its own file.
#pragma once

#include "app/commands.h"

namespace cw::app {

void add_card_serve(CLI::App& card, Action& action);
void add_card_owner(CLI::App& card, Action& action);  // list, give, take

}  // namespace cw::app
