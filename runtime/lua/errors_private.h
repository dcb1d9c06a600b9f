// Errors between Lua and C++: the table a script sees, and what becomes of a value that a script has thrown.
#pragma once

#include <optional>
#include <string>

#include <lua.hpp>

#include "base/error.h"

namespace cw::lua {

/// Pushes the table {kind, message, sw, cause, where}.
void push_error(lua_State* L, const Error& error, const std::string& where);
/// Adds `where` to the error table at `index` if it is one of ours and has none yet.
void place_error(lua_State* L, int index);
/// A string thrown by Lua or by a script becomes an error table; other values stay what they are. In place.
void normalize_error(lua_State* L, int index);
/// A thrown value as C++ sees it.
struct Thrown {
  ErrorKind kind = ErrorKind::script;
  std::string message{};
  std::optional<uint16_t> sw{};
  std::string cause{};
  std::string where{};  // empty: it carries none
};
/// Reads a thrown value raw: no metamethods, lengths capped, control characters out.
Thrown read_thrown(lua_State* L, int index);
/// Makes the metatable of error tables.
void open_errors(lua_State* L);

/// "scripts/demo/install.lua:42" of the innermost function that was written by a script; empty if there is none.
std::string place_of(lua_State* L);
/// One line per call, innermost first.
std::string traceback_of(lua_State* L);

}  // namespace cw::lua
