// What the files of the string library share.
#pragma once

#include <cstdint>
#include <string_view>

#include <lua.hpp>

namespace cw::lua {

/// Work on bytes is charged: this many to an instruction.
inline constexpr size_t kBytesPerInstruction = 16;
inline constexpr size_t kLongestString = 1u << 20;

/// A string, or a number as text. The view lives while the value is on the stack.
std::string_view string_argument(lua_State* L, int argument);
/// A number cut to an integer, as the stock library takes it.
int64_t position_argument(lua_State* L, int argument, int64_t absent);
/// Lua takes strings for numbers, and reading one takes as long as it is: raises usage for a string over 256 bytes.
void check_number_text(lua_State* L, int argument);
/// Raises usage when a result would be over 1 MiB.
void check_length(const char* doing, size_t length);

}  // namespace cw::lua
