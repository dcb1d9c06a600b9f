#include <bit>

#include "arguments_private.h"
#include "lua/stack.h"
#include "modules/context.h"
#include "open_private.h"

namespace cw::modules {

namespace {

constexpr int64_t kExact = int64_t{1} << 53;  // whole numbers up to here are exact in Lua

/// 0..count-1, each equally likely: draws as many bits as `count` needs and throws away what is too large, since a
/// remainder would favour small numbers. Each draw succeeds with probability over 1/2.
uint64_t draw_below(host::Outside& outside, uint64_t count) {
  const unsigned bits = static_cast<unsigned>(std::bit_width(count - 1));
  if (bits == 0) return 0;
  const uint64_t mask = (uint64_t{1} << bits) - 1;
  for (int tries = 0; tries < 128; ++tries) {
    const uint64_t drawn = read_be(outside.random((bits + 7) / 8)) & mask;
    if (drawn < count) return drawn;
  }
  throw Error(ErrorKind::internal, "random.integer: 128 draws in a row were out of range; the random source is broken");
}

int bytes(lua_State* L) {
  const auto count = static_cast<size_t>(lua::integer(L, 1, 1, 1024));
  charge_bytes(L, count);
  lua::push(L, ByteView(outside_of(L).random(count)));
  return 1;
}

int integer(lua_State* L) {
  const int64_t low = lua::integer(L, 1, -kExact, kExact);
  const int64_t high = lua::integer(L, 2, -kExact, kExact);
  if (low > high)
    throw Error(ErrorKind::usage, "random.integer: argument 2: the range is empty, low is greater than high");
  const auto drawn = static_cast<int64_t>(draw_below(outside_of(L), static_cast<uint64_t>(high - low) + 1));
  lua_pushnumber(L, static_cast<lua_Number>(low + drawn));
  return 1;
}

}  // namespace

int open_random(lua_State* L) {
  lua::push_module(L, {{"bytes", lua::guard<bytes>}, {"integer", lua::guard<integer>}});
  return 1;
}

}  // namespace cw::modules
