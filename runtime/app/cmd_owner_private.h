// The commands of `owner`, file by file.
#pragma once

#include "app/commands.h"

namespace cw::app {

void add_owner_life(CLI::App& owner, Action& action);     // show, register, review, approve, update, suspend, ...
void add_owner_consent(CLI::App& owner, Action& action);  // list, give, refuse

}  // namespace cw::app
