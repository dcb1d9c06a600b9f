// The count hook: the only place where a script that computes can be met. It counts, kills, and pauses between slices.
//
// A pause goes out to the host from coroutine to coroutine, as a wait does, and comes back the same way. What the
// library executes of that is none of the script's instructions: a run has used up as many with slices as without.
#include <cstdlib>
#include <utility>

#include "impl_private.h"
#include "lua/stack.h"
#include "sandbox_private.h"

namespace cw::lua {
namespace {

// Every thousand would do for the clock. But one instruction on a string of 1 MiB can take 2 ms (reading it as a
// number), and the count hook is all there is in between. It costs 5 % over every thousand.
constexpr int kHookEach = 100;
constexpr uint64_t kMuchNativeWork = 20'000;  // a tenth of a millisecond: too much for a hundred times as much
constexpr int kWayBack = 1;  // instructions from go_back() to where the script stands: the call of resume

[[noreturn]] void pause(lua_State* L, State::Impl& impl) {
  impl.paused = L;
  if (L != impl.base) lua_sethook(L, nullptr, 0, 0);
  lua_yield(L, 0);
  std::abort();  // from a hook, lua_yield does not return
}

void on_count(lua_State* L, lua_Debug*) {
  State::Impl& impl = impl_of(L);
  if (impl.odd_count) count(L);
  if (!impl.meter.spend(std::exchange(impl.odd_count, {}).value_or(kHookEach))) stop(L);
  impl.native_work = 0;
  if (impl.memory.large_seen() && !impl.meter.check_clock()) stop(L);
  if (impl.meter.had_its_turn() && !impl.loading && lua_isyieldable(L) != 0) pause(L, impl);
}

int is_paused(lua_State* L) {
  lua_pushboolean(L, impl_of(L).paused != nullptr);
  return 1;
}

/// go_back(coroutine): ahead of its resume, on the way to where the script stands.
int go_back(lua_State* L) {
  State::Impl& impl = impl_of(L);
  if (lua_tothread(L, 1) != impl.paused) return 0;
  impl.paused = nullptr;
  impl.odd_count = kHookEach;
  lua_sethook(L, on_count, LUA_MASKCOUNT, kHookEach + kWayBack);
  return 0;
}

}  // namespace

void count(lua_State* L) { lua_sethook(L, on_count, LUA_MASKCOUNT, kHookEach); }

void count_each(lua_State* L) { lua_sethook(L, on_count, LUA_MASKCOUNT, 1); }

void charge(lua_State* L, uint64_t instructions) {
  State::Impl& impl = impl_of(L);
  if (!impl.meter.spend(instructions)) stop(L);
  impl.native_work += instructions;
  if (impl.native_work < kMuchNativeWork) return;
  impl.native_work = 0;
  impl.odd_count = 1;
  count_each(L);
}

void stop(lua_State* L) {
  State::Impl& impl = impl_of(L);
  impl.remember_place(L);
  count_each(L);
  push_tag(L, kKillTag);
  lua_error(L);
  std::abort();  // lua_error does not return
}

void add_pauses(lua_State* L) {
  const luaL_Reg functions[] = {{"is_paused", is_paused}, {"go_back", go_back}, {nullptr, nullptr}};
  luaL_register(L, nullptr, functions);
}

}  // namespace cw::lua
