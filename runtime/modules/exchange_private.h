// The three verbs that Card and Channel share: send returns any answer, expect raises unless 9000, send_all sends a
// plan as one batch.
#pragma once

#include <lua.hpp>

#include "host/outside.h"

namespace cw::modules {

/// Where commands go: a secure channel, or the card itself.
struct Target {
  const char* owner = "Card";  // for errors: the handle's type
  host::ChannelId channel = 0;
  uint8_t logical_channel = 0;
};

// Argument 2 is the command or the plan; these end in lua::wait().
int send(lua_State* L, const Target& target);
int expect(lua_State* L, const Target& target);
int send_all(lua_State* L, const Target& target);

/// Sends one command; the result in Lua is the data of its answer. Raises card unless the status word is 9000.
int expect(lua_State* L, const Target& target, host::Command command);

}  // namespace cw::modules
