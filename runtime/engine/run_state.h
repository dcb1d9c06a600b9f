// The state that a run's script lives in: limits from the policy, modules, and the values a flow is given.
#pragma once

#include "engine/bundle.h"
#include "engine/flavor.h"
#include "engine/policy.h"
#include "lua/state.h"
#include "modules/context.h"

namespace cw::engine {

/// `bundle` and `context` must outlive the state.
lua::State::Setup run_state_setup(const Bundle& bundle, const Policy& policy, modules::Context& context);

/// Leaves a table of the flavor's values on the stack; memory may run out: call it protected.
void push_flavor(lua_State* L, const Flavor& flavor);

}  // namespace cw::engine
