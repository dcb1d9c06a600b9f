// What the Lua half of the sandbox needs to keep a kill from being swallowed, and waits out of the script's hands.
#include <algorithm>
#include <string_view>

#include "errors_private.h"
#include "impl_private.h"
#include "lua/stack.h"
#include "sandbox_private.h"

namespace cw::lua {
namespace {

constexpr int kCatchCost = 40;  // instructions: what catching an error takes beside them
constexpr int kOverflowCost = 100'000;
constexpr size_t kLongestOverflow = 512;
constexpr int kDeepestNesting = 32;  // a coroutine in a coroutine takes C stack
constexpr int kRoom = 64;            // of the stack, for the way out of a coroutine and back

/// A caught error of LuaJIT's own that says so.
bool is_overflow(lua_State* L, int index) {
  if (lua_type(L, index) != LUA_TSTRING) return false;
  size_t size = 0;
  const char* data = lua_tolstring(L, index, &size);
  const std::string_view text(data, std::min(size, kLongestOverflow));
  return text.find("stack overflow") != text.npos || text.find("error in error handling") != text.npos;
}

/// Behind every place that catches: post(pcall(...)). Returns what it was given. At the limit of Lua's stack the count
/// hook does not fire, so the clock is looked at here as well, and a script can not afford to stay there.
int post(lua_State* L) {
  Meter& meter = impl_of(L).meter;
  if (impl_of(L).paused != nullptr) meter.kill("ran out of stack between two slices");
  const bool caught = lua_gettop(L) >= 2 && lua_toboolean(L, 1) == 0;
  if (!meter.check_clock() || !meter.spend(caught && is_overflow(L, 2) ? kOverflowCost : kCatchCost)) stop(L);
  if (caught) normalize_error(L, 2);
  return lua_gettop(L);
}

int enter(lua_State* L) {
  State::Impl& impl = impl_of(L);
  if (!lua_isthread(L, 1)) {
    throw Error(ErrorKind::usage, std::string("coroutine.resume: expected a coroutine, got a ") + luaL_typename(L, 1));
  }
  if (impl.nesting >= kDeepestNesting) {
    throw Error(ErrorKind::script, "coroutines nested deeper than " + std::to_string(kDeepestNesting));
  }
  luaL_checkstack(L, kRoom, "resuming a coroutine");
  ++impl.nesting;
  return 0;
}

int leave(lua_State* L) {
  --impl_of(L).nesting;
  return post(L);
}

int yield(lua_State* L) {
  if (L == impl_of(L).base) throw Error(ErrorKind::script, "coroutine.yield outside a coroutine");
  return lua_yield(L, lua_gettop(L));
}

int running(lua_State* L) {
  if (L == impl_of(L).base) return 0;
  lua_pushthread(L);
  return 1;
}

int is_yieldable(lua_State* L) {
  lua_pushboolean(L, L != impl_of(L).base && lua_isyieldable(L) != 0);
  return 1;
}

/// What a waiting native function comes back with: its results, or the error that ended the wait.
int settle(lua_State* L) {
  if (is_tag(L, 1, kFailedTag)) {
    place_error(L, 2);
    lua_settop(L, 2);
    lua_error(L);
  }
  if (is_tag(L, 1, kDoneTag)) lua_remove(L, 1);
  return lua_gettop(L);
}

/// Takes the function that makes the Lua side of a waiting function.
int keep_settler(lua_State* L) {
  lua_settop(L, 1);
  keep(L, kSettleTag);
  return 0;
}

}  // namespace

void add_control(lua_State* L) {
  push_tag(L, kWaitTag);
  lua_setfield(L, -2, "WAIT");
  const luaL_Reg functions[] = {
      {"post", guard<post>},     {"enter", guard<enter>},        {"leave", guard<leave>},
      {"yield", guard<yield>},   {"running", guard<running>},    {"isyieldable", guard<is_yieldable>},
      {"settle", guard<settle>}, {"keep_settler", keep_settler}, {nullptr, nullptr}};
  luaL_register(L, nullptr, functions);
}

}  // namespace cw::lua
