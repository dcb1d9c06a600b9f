// The subcommands of store, each file its own.
#pragma once

#include "app/commands.h"

namespace cw::app {

void add_store_check(CLI::App& store, Action& action);
void add_store_migrate(CLI::App& store, Action& action);
void add_store_copy(CLI::App& store, Action& action);  // export, import
void add_store_forget(CLI::App& store, Action& action);

}  // namespace cw::app
