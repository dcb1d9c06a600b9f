// The commands of `owner`, file by file.
#pragma once

#include "app/commands.h"

namespace cw::app {

void add_owner_life(CLI::App& owner, Action& action);  // show, register, review, approve, update, suspend, ...

}  // namespace cw::app
