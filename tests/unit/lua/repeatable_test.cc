// The same script gives the same trace in every state, whatever the seed of its string hashes and wherever its tables
// lie in memory.
#include <set>

#include <gtest/gtest.h>

#include "runner.h"

namespace cw::lua {
namespace {

using test::run;

void expect_repeatable(const std::string& script, const std::string& expected) {
  std::set<uint64_t> instructions;
  for (int i = 0; i < 8; ++i) {
    auto result = run(script);
    EXPECT_EQ(result.text, expected) << result.error;
    instructions.insert(result.usage.instructions);
  }
  EXPECT_EQ(instructions.size(), 1U) << "instructions differ from state to state";
}

TEST(Repeatable, StockLuaJitIsNot) {
  std::set<std::string> orders;
  for (int i = 0; i < 64 && orders.size() < 2; ++i) {
    lua_State* L = luaL_newstate();
    luaL_openlibs(L);
    ASSERT_EQ(luaL_dostring(L,
                            "local o = '' for k in pairs { aid = 1, kvn = 1, scp = 1, icv = 1, mac = 1, enc = 1 } do "
                            "o = o .. k end return o"),
              0);
    orders.insert(lua_tostring(L, -1));
    lua_close(L);
  }
  EXPECT_GT(orders.size(), 1U);
}

TEST(Repeatable, PairsGoesByNumbersThenStringsThenBooleans) {
  expect_repeatable(R"(
    local t = { [true] = 1, [false] = 2, b = 3, a = 4, ab = 5, [""] = 6, [10] = 7, [2] = 8, [-1] = 9, [0.5] = 10, 11 }
    local o = {}
    for k, v in pairs(t) do o[#o + 1] = tostring(k) .. "=" .. v end
    return table.concat(o, " "))",
                    "-1=9 0.5=10 1=11 2=8 10=7 =6 a=4 ab=5 b=3 false=2 true=1");
}

TEST(Repeatable, NextGoesAsPairs) {
  expect_repeatable(R"(
    local t = { z = 1, y = 2, x = 3, [3] = 4 }
    local o = {}
    for k, v in next, t do o[#o + 1] = k .. "=" .. v end
    local k = next(t) while k do o[#o + 1] = k k = next(t, k) end
    return table.concat(o, " ") .. tostring(next {}) .. next(t, "x") .. next(t, "xx") .. tostring(next(t, "z")))",
                    "3=4 x=3 y=2 z=1 3 x y znilyynil");
}

TEST(Repeatable, TraversalAllowsChangesToWhatIsThere) {
  expect_repeatable(R"(
    local t, o = {}, {}
    for i = 1, 20 do t["k" .. (100 + i)] = i end
    for k, v in pairs(t) do
      o[#o + 1] = v
      t[k] = nil
      t["k" .. (100 + v + 1)] = v % 3 == 0 and nil or t["k" .. (100 + v + 1)]
    end
    for k in next, { a = 1, b = 2, c = 3 } do o[#o + 1] = k end
    local u = { a = 1, b = 2, c = 3 }
    for k in next, u do u[k] = nil o[#o + 1] = k end
    return table.concat(o, " ") .. tostring(next(t)) .. tostring(next(u)))",
                    "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 a b c a b cnilnil");
}

TEST(Repeatable, NestedTraversalsDoNotDisturbEachOther) {
  expect_repeatable(R"(
    local a, b, o = { x = 1, y = 2 }, { p = 1, q = 2 }, {}
    for k in next, a do for l in next, b do o[#o + 1] = k .. l end end
    for k in pairs(a) do for l in pairs(a) do o[#o + 1] = k .. l end end
    return table.concat(o, " "))",
                    "xp xq yp yq xx xy yx yy");
}

TEST(Repeatable, ObjectsPrintAsNumbersOfTheRun) {
  expect_repeatable(R"(
    local a, b, f, co = {}, {}, function() end, coroutine.create(function() end)
    return tostring(b) .. " " .. tostring(a) .. " " .. tostring(f) .. " " .. tostring(b) .. " " ..
           ("%s %p %s"):format(a, b, co) .. " " .. tostring(string.sub))",
                    "table: 1 table: 2 function: 3 table: 1 table: 2 table: 1 thread: 4 function: 5");
}

TEST(Repeatable, ErrorsNameBundleRelativePlaces) {
  expect_repeatable("local ok, e = pcall(function() local x = nil; return x.y end) return tostring(e)",
                    "scripts/test.lua:1: attempt to index local 'x' (a nil value)");
}

TEST(Repeatable, CountsTheSameInstructionsThroughGarbageAndLargeValues) {
  const std::string script = R"(
    local t, n = {}, 0
    for i = 1, 30000 do
      t["k" .. i % 5000] = { ("x"):rep(i % 50) }
      if i % 3 == 0 then t["k" .. i % 4999] = nil end
    end
    for i = 1, 30 do n = n + #("y"):rep(100000 + i) end
    for k in pairs(t) do n = n + #k end
    return n)";
  expect_repeatable(script, run(script).text);
}

}  // namespace
}  // namespace cw::lua
