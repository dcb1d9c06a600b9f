// table, read and written raw, each element charged.
#include <cmath>
#include <string>

#include "impl_private.h"
#include "lua/stack.h"
#include "sandbox_private.h"
#include "stack_private.h"
#include "strings_private.h"

namespace cw::lua {
namespace {

constexpr int64_t kLargestIndex = int64_t{1} << 31;
constexpr int64_t kMostResults = 7999;  // what a C function may leave on Lua's stack

int64_t index_argument(lua_State* L, int argument, int64_t absent) {
  return is_absent(L, argument) ? absent : integer(L, argument, -kLargestIndex, kLargestIndex - 1);
}

void get(lua_State* L, int64_t index) { lua_rawgeti(L, 1, static_cast<int>(index)); }
void set(lua_State* L, int64_t index) { lua_rawseti(L, 1, static_cast<int>(index)); }

int64_t length(lua_State* L) {
  if (!lua_istable(L, 1)) wrong_argument(L, 1, expected(L, 1, "a table"));
  return static_cast<int64_t>(lua_objlen(L, 1));
}

int insert(lua_State* L) {
  int64_t end = length(L) + 1;
  if (lua_gettop(L) == 2) {
    set(L, end);
    return 0;
  }
  if (lua_gettop(L) != 3) throw Error(ErrorKind::usage, "table.insert: takes two or three arguments");
  int64_t at = index_argument(L, 2, end);
  if (at < 1 || at > end) throw Error(ErrorKind::usage, "table.insert: position out of bounds");
  charge(L, static_cast<uint64_t>(end - at));
  for (int64_t i = end; i > at; --i) {
    get(L, i - 1);
    set(L, i);
  }
  set(L, at);
  return 0;
}

int remove(lua_State* L) {
  int64_t size = length(L);
  int64_t at = index_argument(L, 2, size);
  if (at < 1 || at > size) return 0;
  charge(L, static_cast<uint64_t>(size - at));
  get(L, at);
  for (int64_t i = at; i < size; ++i) {
    get(L, i + 1);
    set(L, i);
  }
  lua_pushnil(L);
  set(L, size);
  return 1;
}

int concat(lua_State* L) {
  int64_t size = length(L);
  std::string separator(is_absent(L, 2) ? std::string_view() : string_argument(L, 2));
  int64_t from = index_argument(L, 3, 1);
  int64_t to = index_argument(L, 4, size);
  std::string joined;
  for (int64_t i = from; i <= to; ++i) {
    if (i > from) joined += separator;
    get(L, i);
    if (lua_isstring(L, -1) == 0) {
      throw Error(ErrorKind::usage, "table.concat: element " + std::to_string(i) + " is a " + luaL_typename(L, -1));
    }
    size_t part = 0;
    const char* data = lua_tolstring(L, -1, &part);
    check_length("table.concat", joined.size() + part);
    joined.append(data, part);
    lua_pop(L, 1);
    charge(L, 1 + part / kBytesPerInstruction);
  }
  check_length("table.concat", joined.size());
  push(L, std::string_view(joined));
  return 1;
}

int maxn(lua_State* L) {
  length(L);
  double largest = 0;
  uint64_t count = 0;
  lua_pushnil(L);
  while (lua_next(L, 1) != 0) {
    lua_pop(L, 1);
    if (lua_type(L, -1) == LUA_TNUMBER) largest = std::max(largest, lua_tonumber(L, -1));
    ++count;
  }
  charge(L, count);
  lua_pushnumber(L, largest);
  return 1;
}

int unpack(lua_State* L) {
  int64_t size = length(L);
  int64_t from = index_argument(L, 2, 1);
  int64_t to = index_argument(L, 3, size);
  if (from > to) return 0;
  int64_t count = to - from + 1;
  if (count > kMostResults || lua_checkstack(L, static_cast<int>(count)) == 0) {
    throw Error(ErrorKind::usage, "unpack: " + std::to_string(count) + " values are too many");
  }
  charge(L, static_cast<uint64_t>(count));
  for (int64_t i = from; i <= to; ++i) get(L, i);
  return static_cast<int>(count);
}

}  // namespace

void add_tables(lua_State* L) {
  const luaL_Reg functions[] = {{"insert", guard<insert>}, {"remove", guard<remove>}, {"concat", guard<concat>},
                                {"maxn", guard<maxn>},     {"unpack", guard<unpack>}, {nullptr, nullptr}};
  luaL_register(L, nullptr, functions);
}

}  // namespace cw::lua
