// Handles: userdata whose C++ object is counted and charged to the run. Metatables are made when a kind of handle is
// first pushed, and kept in the registry by the address of its HandleType.
#include <string>

#include "impl_private.h"
#include "lua/stack.h"
#include "stack_private.h"

namespace cw::lua {
namespace {

struct Box {
  Handle* object;
  size_t cost;
};

/// Finalizer: runs with hooks off, so it is ours alone. Also at the end of the state.
int free_box(lua_State* L) {
  auto* box = static_cast<Box*>(lua_touserdata(L, 1));
  if (box->object == nullptr) return 0;
  State::Impl& impl = impl_of(L);
  --impl.handles;
  impl.memory.release(box->cost);
  delete box->object;
  box->object = nullptr;
  return 0;
}

/// __index of a type that has one of its own: methods first. Upvalues: methods, __index.
int index_methods_first(lua_State* L) {
  lua_settop(L, 2);
  lua_pushvalue(L, 2);
  lua_rawget(L, lua_upvalueindex(1));
  if (!lua_isnil(L, -1)) return 1;
  lua_pop(L, 1);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_insert(L, 1);
  lua_call(L, 2, LUA_MULTRET);
  return lua_gettop(L);
}

void push_metatable(lua_State* L, const HandleType& type) {
  lua_pushlightuserdata(L, const_cast<HandleType*>(&type));
  lua_rawget(L, LUA_REGISTRYINDEX);
  if (!lua_isnil(L, -1)) return;
  lua_pop(L, 1);

  std::string prefix = std::string(type.name) + ":";
  lua_createtable(L, 0, 4);
  for (const Function& function : type.metamethods) push_function(L, prefix, function);
  lua_createtable(L, 0, static_cast<int>(type.methods.size()));
  for (const Function& function : type.methods) push_function(L, prefix, function);
  lua_pushliteral(L, "__index");
  lua_rawget(L, -3);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
  } else {
    lua_pushcclosure(L, index_methods_first, 2);
  }
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pushcfunction(L, free_box);
  lua_setfield(L, -2, "__gc");

  lua_pushlightuserdata(L, const_cast<HandleType*>(&type));
  lua_pushvalue(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

}  // namespace

void push_handle(lua_State* L, const HandleType& type, std::unique_ptr<Handle> object, size_t cost) {
  State::Impl& impl = impl_of(L);
  luaL_checkstack(L, 8, "handle");
  if (impl.handles >= impl.setup.limits.handles || impl.memory.used() + cost > impl.memory.limit()) {
    lua_gc(L, LUA_GCCOLLECT, 0);
  }
  if (impl.handles >= impl.setup.limits.handles) {
    throw Error(ErrorKind::budget, std::string(type.name) + ": a run holds at most " +
                                       std::to_string(impl.setup.limits.handles) + " handles: let some go");
  }
  push_metatable(L, type);
  auto* box = static_cast<Box*>(lua_newuserdata(L, sizeof(Box)));
  *box = {object.release(), cost};
  ++impl.handles;
  impl.memory.charge(cost);
  lua_insert(L, -2);
  lua_setmetatable(L, -2);
  if (impl.memory.over_limit())
    impl.meter.kill("used up its " + std::to_string(impl.memory.limit() >> 10) + " KiB of memory");
  charge(L, 1);
}

Handle* to_handle(lua_State* L, int index, const HandleType& type) {
  if (lua_type(L, index) != LUA_TUSERDATA || lua_getmetatable(L, index) == 0) return nullptr;
  lua_pushlightuserdata(L, const_cast<HandleType*>(&type));
  lua_rawget(L, LUA_REGISTRYINDEX);
  bool same = lua_rawequal(L, -1, -2) != 0;
  lua_pop(L, 2);
  return same ? static_cast<Box*>(lua_touserdata(L, index))->object : nullptr;
}

Handle& check_handle(lua_State* L, int index, const HandleType& type) {
  Handle* object = to_handle(L, index, type);
  if (object != nullptr) return *object;
  wrong_argument(L, index, expected(L, index, ("a " + std::string(type.name)).c_str()));
}

}  // namespace cw::lua
