// The verbs that Card and Channel share: send returns any answer, expect raises unless 9000, send_all sends a plan as
// one batch, send_each one that only looks.
#pragma once

#include <string>
#include <vector>

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
int send_each(lua_State* L, const Target& target);
/// Argument 2 is the backend that wrapped them, argument 3 the plan. Ends every secure channel of ours on the way.
int relay(lua_State* L, const Target& target);

/// What the plans of one request may come to: commands, and bytes of their data.
struct PlanRoom {
  size_t commands = 4096;
  size_t memory = 4u << 20;  // LOAD blocks are names of a file's parts and take next to nothing
};

/// The table at `index`, a list of commands, as a request; `place` for errors. Takes from `room` what it needs. Raises
/// usage: it is none, or there is no room; channel: the target's is closed.
host::Exchange check_exchange(lua_State* L, int index, const Target& target, const std::string& place, PlanRoom& room);
/// Raises usage: a command of the plan does more than read, and would be sent whatever becomes of those before it.
void check_only_reads(const std::vector<host::Command>& plan, const std::string& place);
/// What a plan has become, for who must know what it closed on the card; pushes the list of its answers.
void push_exchanged(lua_State* L, const std::vector<host::Command>& plan, const std::vector<host::Answer>& answers);

/// Sends one command; the result in Lua is the data of its answer. Raises card unless the status word is 9000.
int expect(lua_State* L, const Target& target, host::Command command);

}  // namespace cw::modules
