// How each module is opened: leaves its table on the stack. One line per file that defines one.
#pragma once

#include <lua.hpp>

#include "lua/stack.h"

namespace cw::modules {

int open_apdu(lua_State* L);
int open_cap(lua_State* L);
int open_clock(lua_State* L);
int open_domains(lua_State* L);
int open_hex(lua_State* L);
int open_http(lua_State* L);
int open_json(lua_State* L);
int open_keys(lua_State* L);
int open_log(lua_State* L);
int open_random(lua_State* L);
int open_stage(lua_State* L);
int open_tlv(lua_State* L);

const lua::HandleType& cap_type();
const lua::HandleType& card_type();
const lua::HandleType& channel_type();

}  // namespace cw::modules
