// Compiled text: from a bundle, or our own Lua code.
#pragma once

#include <string>
#include <string_view>

#include "lua/state.h"

namespace cw::lua {

/// Pushes the function that runs the chunk.
void push_chunk(lua_State* L, const Chunk& chunk);

/// Compiles our own Lua code, without lines: places in errors are always the script's.
std::string compile_own(const char* name, std::string_view text);

/// Refuses numbers that bring ffi with them (1LL, 1ULL, 1i). Refuses `^` with anything but integers written out: the
/// result of the general power function depends on the machine (fused multiply-add), and numbers have no metatable in
/// which it could be caught while running.
void check_numbers(const std::string& name, std::string_view text);

}  // namespace cw::lua
