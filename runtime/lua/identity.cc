// What stands for an address: the object's number of the run, given in the order in which it is first asked for. Kept
// in a weak table: a collected object can not be asked for again.
#include <string>

#include "impl_private.h"
#include "lua/stack.h"
#include "sandbox_private.h"

namespace cw::lua {
namespace {

int identity(lua_State* L) {
  switch (lua_type(L, 1)) {
    case LUA_TNIL:
      lua_pushliteral(L, "nil");
      return 1;
    case LUA_TBOOLEAN:
      lua_pushstring(L, lua_toboolean(L, 1) != 0 ? "true" : "false");
      return 1;
    case LUA_TNUMBER:
    case LUA_TSTRING:
      lua_pushvalue(L, 1);
      lua_tostring(L, -1);
      return 1;
    default:
      push_identity(L, 1);
      return 1;
  }
}

}  // namespace

void push_identity(lua_State* L, int index) {
  int64_t number = 0;
  lua_pushvalue(L, index);
  push_kept(L, kIdentities);
  lua_pushvalue(L, -2);
  lua_rawget(L, -2);
  if (lua_isnumber(L, -1) != 0) {
    number = static_cast<int64_t>(lua_tonumber(L, -1));
  } else {
    number = ++impl_of(L).identities;
    lua_pushvalue(L, -3);
    lua_pushnumber(L, static_cast<lua_Number>(number));
    lua_rawset(L, -4);
  }
  lua_pop(L, 3);
  push(L, std::string_view(std::string(luaL_typename(L, index)) + ": " + std::to_string(number)));
}

void add_identity(lua_State* L) {
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  keep(L, kIdentities);
  lua_pushcfunction(L, guard<identity>);
  lua_setfield(L, -2, "identity");
}

}  // namespace cw::lua
