// What handles and modules share.
#pragma once

#include <string>

#include "lua/stack.h"

namespace cw::lua {

/// Adds the function to the table on top, with its Lua side if it waits. Errors name it `prefix` + name.
void push_function(lua_State* L, const std::string& prefix, const Function& function);

/// "expected <what>, got a table".
std::string expected(lua_State* L, int index, const char* what);

/// Raises usage, with the name of the native function that runs.
[[noreturn]] void wrong_argument(lua_State* L, int index, const std::string& problem);

}  // namespace cw::lua
