// Opening a secure channel; the Channel handle that comes of it is defined in channel.cc.
#pragma once

#include <lua.hpp>

namespace cw::modules {

/// Card:open_channel with its fields at `index`; ends in lua::wait().
int open_channel(lua_State* L, int index);

}  // namespace cw::modules
