#include "base/hex.h"

#include "arguments_private.h"
#include "lua/stack.h"
#include "open_private.h"

namespace cw::modules {

namespace {

int encode(lua_State* L) {
  const ByteView bytes = lua::bytes(L, 1, 0, 1u << 19);
  charge_bytes(L, bytes.size());
  lua::push(L, std::string_view(to_hex(bytes)));
  return 1;
}

int decode_at(lua_State* L, int index) {
  const std::string_view text = lua::text(L, index);
  charge_bytes(L, text.size());
  lua::push(L, ByteView(from_hex(text)));
  return 1;
}

int decode(lua_State* L) { return decode_at(L, 1); }
int call(lua_State* L) { return decode_at(L, 2); }  // hex"00A4": the module itself is argument 1

}  // namespace

int open_hex(lua_State* L) {
  lua::push_module(L, {{"encode", lua::guard<encode>}, {"decode", lua::guard<decode>}});
  lua_createtable(L, 0, 2);
  lua_pushcfunction(L, lua::guard<call>);
  lua_setfield(L, -2, "__call");
  lua_pushboolean(L, false);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  return 1;
}

}  // namespace cw::modules
