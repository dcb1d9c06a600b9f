// Command as scripts hold it: a value, made by apdu.command or apdu.parse.
#pragma once

#include <string_view>

#include <lua.hpp>

#include "host/command.h"
#include "lua/stack.h"

namespace cw::modules {

const lua::HandleType& command_type();

void push_command(lua_State* L, host::Command command);
/// A Command at `index`, or the bytes of one. Raises usage naming `place`.
host::Command check_command(lua_State* L, int index, std::string_view place);
/// What the token of this command signs (GPCS C.4); of a combined load, its part of that. Raises usage naming `place`:
/// a command without token, or with names among what is signed.
Bytes token_input(const host::Command& command, std::string_view place);
/// One line for people.
std::string describe(const host::Command& command);

}  // namespace cw::modules
