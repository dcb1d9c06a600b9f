#include <cmath>

#include "arguments_private.h"
#include "lua/stack.h"
#include "modules/context.h"
#include "open_private.h"

namespace cw::modules {

namespace {

constexpr double kDay = 86400;

int now(lua_State* L) {
  lua_pushnumber(L, static_cast<lua_Number>(outside_of(L).now()));
  return 1;
}

int sleep(lua_State* L) {
  if (lua_type(L, 1) != LUA_TNUMBER) bad_value(L, 1, "clock.sleep: argument 1", "seconds");
  const double seconds = lua_tonumber(L, 1);
  if (!(seconds >= 0 && seconds <= kDay)) {  // also refuses NaN
    throw Error(ErrorKind::usage, "clock.sleep: argument 1: seconds must be 0 to 86400 (a day)");
  }
  const host::Wait wait{std::chrono::milliseconds(std::llround(seconds * 1000))};
  return context_of(L).submit(L, wait, [](lua_State*, host::Reply& reply) {
    reply_as<host::Waited>(reply);
    return 0;
  });
}

}  // namespace

int open_clock(lua_State* L) {
  lua::push_module(L, {{"now", lua::guard<now>}, {"sleep", lua::guard<sleep>, /*waits=*/true}});
  return 1;
}

}  // namespace cw::modules
