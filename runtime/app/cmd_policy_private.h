// The parts of cardwright policy that have files of their own.
#pragma once

#include "app/commands.h"

namespace cw::app {

void add_policy_swap(CLI::App& policy, Action& action);     // load, use, rollback, discard
void add_policy_approve(CLI::App& policy, Action& action);  // proposals, approve, reject
void add_policy_compare(CLI::App& policy, Action& action);  // check, diff, explain
void add_policy_shadow(CLI::App& policy, Action& action);

}  // namespace cw::app
