#include <algorithm>

#include "arguments_private.h"
#include "host/outside.h"
#include "lua/stack.h"
#include "lua/state.h"

namespace cw::modules {

void bad_value(lua_State* L, int index, std::string_view place, std::string_view expected) {
  const int type = lua_type(L, index);
  const std::string got = type == LUA_TNONE || type == LUA_TNIL ? "nothing" : std::string("a ") + lua_typename(L, type);
  throw Error(ErrorKind::usage, std::string(place) + ": expected " + std::string(expected) + ", got " + got);
}

size_t check_list(lua_State* L, int index, std::string_view place, size_t max) {
  if (lua_type(L, index) != LUA_TTABLE) bad_value(L, index, place, "a list");
  if (lua_getmetatable(L, index)) {
    throw Error(ErrorKind::usage, std::string(place) + ": expected a plain list, got a table with a metatable");
  }
  // Counting keys beside #: a list with holes or named keys is a mistake that must not pass in silence.
  const size_t size = lua_objlen(L, index);
  size_t keys = 0;
  lua_pushnil(L);
  const int table = index < 0 ? index - 1 : index;
  while (lua_next(L, table)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TNUMBER || ++keys > size) {
      throw Error(ErrorKind::usage, std::string(place) + ": expected a list 1..n, got a table with other keys");
    }
  }
  if (keys != size) throw Error(ErrorKind::usage, std::string(place) + ": the list has holes");
  if (size > max) {
    throw Error(ErrorKind::usage, std::string(place) + ": the list has " + std::to_string(size) + " items, at most " +
                                      std::to_string(max) + " are taken");
  }
  lua::charge(L, size);
  return size;
}

void charge_bytes(lua_State* L, size_t count) { lua::charge(L, 1 + count / 4); }

std::string check_name(lua_State* L, int index, std::string_view place) {
  if (lua_type(L, index) != LUA_TSTRING) bad_value(L, index, place, "a name");
  const std::string_view whole = lua::text(L, index, 64);
  const std::string_view name = whole.substr(whole.starts_with(host::kUnwrapped) ? host::kUnwrapped.size() : 0);
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' || c == '_' ||
           c == '-';
  };
  if (name.empty() || !std::all_of(name.begin(), name.end(), allowed)) {
    throw Error(ErrorKind::usage,
                std::string(place) + ": a name has 1 to 64 letters, digits and \". _ -\", as in \"transit.sd\"");
  }
  return std::string(whole);
}

}  // namespace cw::modules
