// What Lua adds to a native function: the same work called from C++ and from a script.
#include <benchmark/benchmark.h>

#include "base/hex.h"
#include "card/tlv.h"
#include "engine/bundle.h"
#include "engine/no_outside.h"
#include "lua/state.h"
#include "modules/context.h"
#include "modules/modules.h"

namespace cw {
namespace {

/// Calls `body` 1000 times in a script; the empty loop is the floor.
void in_lua(benchmark::State& state, const char* prelude, const char* body) {
  engine::NoOutside outside;
  modules::Context context(outside);
  lua::State::Setup setup;
  setup.limits.instructions = ~uint64_t{0} / 2;
  setup.limits.awake = std::chrono::hours(1);
  setup.modules = &modules::modules();
  setup.host = &context;
  lua::State script(setup);
  const lua::Chunk chunk =
      lua::compile("bench.lua", std::string(prelude) + "\nreturn function() for _ = 1, 1000 do " + body + " end end");
  script.load(chunk, setup.limits);
  for (auto _ : state) {
    lua_pushvalue(script.thread(), -1);
    if (script.start(0) != lua::State::Outcome::finished) {
      state.SkipWithError(script.error().what());
      break;
    }
  }
  state.SetItemsProcessed(state.iterations() * 1000);
}

void lua_empty_loop(benchmark::State& state) { in_lua(state, "", ""); }
BENCHMARK(lua_empty_loop);

void lua_tlv_build(benchmark::State& state) {
  in_lua(state, "local tlv, aid = require 'tlv', require('hex').decode('F0636172647703')\nlocal build = tlv.build",
         "build(0x4F, aid)");
}
BENCHMARK(lua_tlv_build);

void cpp_tlv_build(benchmark::State& state) {
  const Bytes aid = from_hex("F0636172647703");
  for (auto _ : state) benchmark::DoNotOptimize(card::tlv(0x4F, aid));
}
BENCHMARK(cpp_tlv_build);

void lua_hex_decode(benchmark::State& state) {
  in_lua(state, "local decode = require('hex').decode", "decode('F0636172647703')");
}
BENCHMARK(lua_hex_decode);

void cpp_hex_decode(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(from_hex("F0636172647703"));
}
BENCHMARK(cpp_hex_decode);

}  // namespace
}  // namespace cw
