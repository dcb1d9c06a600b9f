// What native functions need beside lua/stack.h: arguments of our own types, and the charge for work on bytes.
#pragma once

#include <string>
#include <string_view>

#include <lua.hpp>

#include "base/error.h"

namespace cw::modules {

/// Raises usage about the value at `index`: "expected a list of commands, got a number". `place` says which value it is
/// ("Card:send: argument 1").
[[noreturn]] void bad_value(lua_State* L, int index, std::string_view place, std::string_view expected);

/// Checks that the value at `index` is a plain list 1..n of at most `max` items, and returns n. Raw: a metatable or a
/// key that is not 1..n raises usage.
size_t check_list(lua_State* L, int index, std::string_view place, size_t max);

/// Charges native work on `count` bytes to the run.
void charge_bytes(lua_State* L, size_t count);

/// Name of a key set or secret: 1..64 letters, digits and ". _ -", since it stands in canonical commands; of keys that
/// were unwrapped, behind "run:". Raises usage naming `place`.
std::string check_name(lua_State* L, int index, std::string_view place);

}  // namespace cw::modules
