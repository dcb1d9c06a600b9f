// setmetatable installs a copy of the script's metatable that holds the metamethods and nothing else, so that __mode
// and __gc have no effect however they get there. One copy per metatable, brought up to date by each setmetatable: a
// metamethod that is added later takes effect with the next one. Tables behind __index are the script's own as usual.
#include <array>
#include <cstring>
#include <string>

#include "impl_private.h"
#include "lua/stack.h"
#include "sandbox_private.h"
#include "stack_private.h"

namespace cw::lua {
namespace {

constexpr std::array kMetamethods = {"__index", "__newindex", "__call", "__tostring", "__concat",   "__eq",
                                     "__lt",    "__le",       "__unm",  "__add",      "__sub",      "__mul",
                                     "__div",   "__mod",      "__pow",  "__len",      "__metatable"};

void raw_field(lua_State* L, int table, const char* name) {
  lua_pushstring(L, name);
  lua_rawget(L, table);
}

void refuse_field(lua_State* L, const char* name, const char* reason) {
  raw_field(L, 2, name);
  if (!lua_isnil(L, -1)) throw Error(ErrorKind::script, std::string("setmetatable: ") + name + ": " + reason);
  lua_pop(L, 1);
}

/// Pushes the copy that belongs to the metatable at 2.
void push_copy(lua_State* L) {
  push_kept(L, kMetatables);
  lua_pushvalue(L, 2);
  lua_rawget(L, -2);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_createtable(L, 0, 4);
    push_tag(L, kOriginalTag);
    lua_pushvalue(L, 2);
    lua_rawset(L, -3);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, -2);
    lua_rawset(L, -4);
  }
  lua_remove(L, -2);
}

/// The field of the copy at 3 becomes that of the metatable at 2. Setting an absent one to nil would take room for it.
void copy_field(lua_State* L, const char* name) {
  raw_field(L, 2, name);
  raw_field(L, 3, name);
  if (lua_rawequal(L, -1, -2) == 0) {
    lua_pushstring(L, name);
    lua_pushvalue(L, -3);
    lua_rawset(L, 3);
  }
  lua_pop(L, 2);
}

int set_metatable(lua_State* L) {
  if (!lua_istable(L, 1)) wrong_argument(L, 1, expected(L, 1, "a table"));
  if (lua_gettop(L) < 2 || (!lua_isnil(L, 2) && !lua_istable(L, 2))) {
    wrong_argument(L, 2, expected(L, 2, "a table or nil"));
  }
  lua_settop(L, 2);
  if (lua_getmetatable(L, 1) != 0) {
    raw_field(L, 3, "__metatable");
    if (!lua_isnil(L, -1)) throw Error(ErrorKind::script, "setmetatable: the metatable is protected");
    lua_settop(L, 2);
  }
  if (lua_istable(L, 2)) {
    refuse_field(L, "__mode", "weak tables are not there for scripts: they depend on when garbage is collected");
    refuse_field(L, "__gc", "finalizers are not there for scripts: they can not be stopped");
    push_copy(L);
    for (const char* name : kMetamethods) {
      copy_field(L, name);
    }
    lua_replace(L, 2);
  }
  lua_setmetatable(L, 1);
  return 1;
}

int get_metatable(lua_State* L) {
  if (lua_gettop(L) < 1) wrong_argument(L, 1, "expected a value, got nothing");
  if (lua_getmetatable(L, 1) == 0) return 0;
  int meta = lua_gettop(L);
  raw_field(L, meta, "__metatable");
  if (!lua_isnil(L, -1)) return 1;
  push_tag(L, kOriginalTag);
  lua_rawget(L, meta);
  return 1;
}

/// metamethod(name, value): read raw.
int metamethod(lua_State* L) {
  if (lua_gettop(L) < 2) throw Error(ErrorKind::usage, "tostring: expected a value, got nothing");
  if (lua_getmetatable(L, 2) == 0) return 0;
  lua_pushvalue(L, 1);
  lua_rawget(L, -2);
  return 1;
}

}  // namespace

void add_metatables(lua_State* L) {
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "kv");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  keep(L, kMetatables);
  const luaL_Reg functions[] = {{"setmetatable", guard<set_metatable>},
                                {"getmetatable", guard<get_metatable>},
                                {"metamethod", guard<metamethod>},
                                {nullptr, nullptr}};
  luaL_register(L, nullptr, functions);
}

}  // namespace cw::lua
