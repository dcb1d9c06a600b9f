// pairs and next in a fixed order: numbers ascending, then strings by their bytes, then booleans. Lua's own order
// follows string hashes, which are seeded anew in each state.
//
// pairs goes through the keys that were there when it was called; a key that has gone since is left out. next(t, k)
// keeps the keys of the table that it went through last, so that a loop with it costs what pairs costs.
#include <algorithm>
#include <bit>
#include <string>
#include <vector>

#include "impl_private.h"
#include "lua/stack.h"
#include "sandbox_private.h"
#include "stack_private.h"

namespace cw::lua {
namespace {

/// A key, borrowed from its table.
struct Key {
  int type = LUA_TNIL;
  double number = 0;  // or the boolean
  std::string_view text{};

  bool operator<(const Key& other) const {
    if (type != other.type) return rank() < other.rank();
    return type == LUA_TSTRING ? text < other.text : number < other.number;
  }
  int rank() const { return type == LUA_TNUMBER ? 0 : type == LUA_TSTRING ? 1 : 2; }
};

Key key_at(lua_State* L, int index) {
  Key key;
  key.type = lua_type(L, index);
  switch (key.type) {
    case LUA_TNUMBER:
      key.number = lua_tonumber(L, index);
      return key;
    case LUA_TBOOLEAN:
      key.number = lua_toboolean(L, index);
      return key;
    case LUA_TSTRING: {
      size_t size = 0;
      const char* data = lua_tolstring(L, index, &size);
      key.text = {data, size};
      return key;
    }
    default:
      throw Error(ErrorKind::script, std::string("pairs, next: a key of the table is a ") + luaL_typename(L, index) +
                                         ", which has no fixed order: keep a list beside it");
  }
}

void push_key(lua_State* L, const Key& key) {
  if (key.type == LUA_TNUMBER) lua_pushnumber(L, key.number);
  if (key.type == LUA_TBOOLEAN) lua_pushboolean(L, key.number != 0);
  if (key.type == LUA_TSTRING) push(L, key.text);
}

std::vector<Key> sorted_keys(lua_State* L, int table) {
  std::vector<Key> keys;
  lua_pushnil(L);
  while (lua_next(L, table) != 0) {
    lua_pop(L, 1);
    keys.push_back(key_at(L, -1));
  }
  charge(L, keys.size() * (1 + std::bit_width(keys.size()) / 4));
  if (!std::is_sorted(keys.begin(), keys.end())) std::sort(keys.begin(), keys.end());
  return keys;
}

void push_sorted_keys(lua_State* L, int table) {
  std::vector<Key> keys = sorted_keys(L, table);
  lua_createtable(L, static_cast<int>(keys.size()), 0);
  for (size_t i = 0; i < keys.size(); ++i) {
    push_key(L, keys[i]);
    lua_rawseti(L, -2, static_cast<int>(i + 1));
  }
}

/// Pushes key and value of the first key after `position` that is still there; moves `position`. False at the end.
bool push_following(lua_State* L, int table, int keys, int64_t& position) {
  for (;;) {
    lua_rawgeti(L, keys, static_cast<int>(++position));
    if (lua_isnil(L, -1)) return false;
    lua_pushvalue(L, -1);
    lua_rawget(L, table);
    if (!lua_isnil(L, -1)) return true;
    lua_pop(L, 2);
    charge(L, 1);
  }
}

int step(lua_State* L) {
  if (!lua_istable(L, 1)) wrong_argument(L, 1, expected(L, 1, "a table"));
  auto position = static_cast<int64_t>(lua_tonumber(L, lua_upvalueindex(2)));
  lua_settop(L, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  if (!push_following(L, 1, 2, position)) return 1;
  lua_pushnumber(L, static_cast<lua_Number>(position));
  lua_replace(L, lua_upvalueindex(2));
  return 2;
}

int pairs(lua_State* L) {
  if (!lua_istable(L, 1)) wrong_argument(L, 1, expected(L, 1, "a table"));
  push_sorted_keys(L, 1);
  lua_pushnumber(L, 0);
  lua_pushcclosure(L, guard<step>, 2);
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  return 3;
}

/// The smallest key, without putting all in order: `next(t) == nil` is how scripts ask whether a table is empty.
int first(lua_State* L) {
  Key least;
  uint64_t count = 0;
  lua_pushnil(L);
  while (lua_next(L, 1) != 0) {
    lua_pop(L, 1);
    Key key = key_at(L, -1);
    if (least.type == LUA_TNIL || key < least) least = key;
    ++count;
  }
  charge(L, count);
  if (least.type == LUA_TNIL) {
    lua_pushnil(L);
    return 1;
  }
  push_key(L, least);
  lua_pushvalue(L, -1);
  lua_rawget(L, 1);
  return 2;
}

/// True if the kept keys are those of the table at 1 and the key at 2 is the one given out last.
bool goes_on(lua_State* L) {
  push_kept(L, kNextTable);
  bool same = lua_rawequal(L, -1, 1) != 0;
  lua_pop(L, 1);
  if (!same) return false;
  push_kept(L, kNextKeys);
  lua_rawgeti(L, -1, static_cast<int>(impl_of(L).next_position));
  same = lua_rawequal(L, -1, 2) != 0;
  lua_pop(L, 2);
  return same;
}

/// Puts the keys of the table at 1 in order and stands at the last one that is not after the key at 2.
void start_over(lua_State* L) {
  Key key = key_at(L, 2);
  std::vector<Key> keys = sorted_keys(L, 1);
  impl_of(L).next_position = std::upper_bound(keys.begin(), keys.end(), key) - keys.begin();
  push_sorted_keys(L, 1);
  keep(L, kNextKeys);
  lua_pushvalue(L, 1);
  keep(L, kNextTable);
}

int next(lua_State* L) {
  if (!lua_istable(L, 1)) wrong_argument(L, 1, expected(L, 1, "a table"));
  lua_settop(L, 2);
  if (lua_isnil(L, 2)) return first(L);
  if (!goes_on(L)) start_over(L);
  push_kept(L, kNextKeys);
  return push_following(L, 1, 3, impl_of(L).next_position) ? 2 : 1;
}

}  // namespace

void add_order(lua_State* L) {
  lua_pushcfunction(L, guard<pairs>);
  lua_setfield(L, -2, "pairs");
  lua_pushcfunction(L, guard<next>);
  lua_setfield(L, -2, "next");
}

}  // namespace cw::lua
