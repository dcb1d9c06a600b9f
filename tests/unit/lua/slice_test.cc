// A script that computes pauses after its slice and goes on exactly where it stood, wherever that is. It can not tell,
// and uses up as many instructions as one that never pauses.
#include <gtest/gtest.h>

#include "base/error.h"
#include "runner.h"

namespace cw::lua {
namespace {

using test::Options;
using test::Result;
using test::run;
using Outcome = State::Outcome;

Options sliced(Options options = {}) {
  options.slice = std::chrono::microseconds(0);  // a pause each 1000 instructions, whatever the clock says
  return options;
}

struct Case {
  const char* name;
  const char* script;
};
void PrintTo(const Case& value, std::ostream* out) { *out << value.name; }

/// What a case needs: work(n) computes for some 5 n instructions, and gives n back.
const std::string kWork = R"(
  local t = require "test"
  local function work(n) local x = 0 for _ = 1, n do x = x * 1 + 1 end return x end
)";

class Slices : public testing::TestWithParam<Case> {};

TEST_P(Slices, AScriptCannotTell) {
  const std::string script = kWork + GetParam().script;
  const Result whole = run(script);
  const Result cut = run(script, sliced());
  EXPECT_EQ(whole.pauses, 0);
  EXPECT_GT(cut.pauses, 3) << "it did pause";
  EXPECT_EQ(whole.outcome, Outcome::finished) << whole.error;
  EXPECT_EQ(cut.text, whole.text) << cut.error;
  EXPECT_EQ(cut.error, whole.error);
  EXPECT_EQ(cut.traceback, whole.traceback);
  EXPECT_EQ(cut.waits, whole.waits);
  EXPECT_EQ(cut.usage.instructions, whole.usage.instructions);
}

const Case kCases[] = {
    {"InALoop", "return work(3000)"},
    {"InPcall", "local ok, n = pcall(work, 3000) return tostring(ok) .. n"},
    {"InAnErrorHandler",
     "local ok, text = xpcall(function() work(900) error('x') end, function(e) work(3000) return e.message end)"
     "return tostring(ok) .. text"},
    {"InACoroutine",
     "local co = coroutine.create(function(a) local b = coroutine.yield(a + work(2000)) work(2000) return b end)"
     "local _, a = coroutine.resume(co, 1) work(700) local ok, b = coroutine.resume(co, 'b')"
     "return a .. tostring(ok) .. b .. coroutine.status(co)"},
    {"InAWrappedCoroutine",
     "local out = {} for i in coroutine.wrap(function() for i = 1, 5 do work(700) coroutine.yield(i) end end)"
     "do out[#out + 1] = i work(300) end return table.concat(out, ',')"},
    {"InACoroutineThatYieldsNothing",
     "local n = 0 local co = coroutine.create(function() for _ = 1, 5 do work(900) coroutine.yield() end end)"
     "while coroutine.resume(co) do n = n + 1 end return n"},
    {"FourCoroutinesDeep",
     "local function deep(n) if n == 0 then return work(3000) end "
     "local sum = 0 for v in coroutine.wrap(function() coroutine.yield(deep(n - 1)) work(500) coroutine.yield(1) end)"
     "do sum = sum + v end return sum + work(200) end return deep(4)"},
    {"SeesItsCoroutinesAsTheyAre",
     "local outer, seen outer = coroutine.create(function() local inner inner = coroutine.create(function()"
     "  work(3000) seen = coroutine.status(outer) .. coroutine.status(inner) .. tostring(coroutine.running() == inner)"
     "    .. tostring(coroutine.resume(outer)) .. tostring(coroutine.isyieldable()) end)"
     "  assert(coroutine.resume(inner)) work(1500) seen = seen .. coroutine.status(inner) end)"
     "assert(coroutine.resume(outer)) return seen .. coroutine.status(outer)"},
    {"AnErrorInACoroutine",
     "local co = coroutine.create(function() work(2000) error('gone') end)"
     "local ok, e = coroutine.resume(co) return tostring(ok) .. tostring(e) .. coroutine.status(co)"},
    {"InACallbackOfGsub", "return (('abc'):gsub('.', function(c) work(900) return c .. c end))"},
    {"InAComparatorOfSort",
     "local l = { 5, 3, 9, 1 } table.sort(l, function(a, b) work(400) return a < b end) return table.concat(l, ',')"},
    {"InMetamethods",
     "local m = {} m.__index = function(_, k) return k .. work(700) end m.__add = function() return work(701) end "
     "m.__concat = function() return work(702) end m.__eq = function() return work(703) > 0 end "
     "m.__lt = function() return work(704) > 0 end m.__call = function(_, ...) work(705) return select('#', ...) end "
     "m.__newindex = function(s, k, v) work(706) rawset(s, k, v) end m.__tostring = function() return 's' .. work(707) "
     "end m.__unm = function() return work(708) end m.__le = function() return work(709) > 9 end "
     "local a, b = setmetatable({}, m), setmetatable({}, m) a.x = 1 "
     "return a.k .. (a + b) .. tostring(a == b) .. tostring(a < b) .. tostring(a <= b) .. a(1, 2, 3) .. a.x .. "
     "tostring(a) .. -a .. (a .. 'x') .. (1 .. b) .. string.format('%s', a)"},
    {"InAnIterator",
     "local n = 0 for i in function(_, i) i = (i or 0) + 1 work(400) if i < 9 then return i end end do n = n + i end "
     "return n"},
    {"InVariableArguments",
     "local function f(n, ...) if n == 0 then return ... end return f(n - 1, select('#', ...), ...) end "
     "local t = {} for i = 1, 60 do t = { f(i, unpack(t)) } end return table.concat(t, ',')"},
    {"BetweenWaits",
     "local co = coroutine.wrap(function() for _ = 1, 3 do work(900) coroutine.yield(t.send('A')) end end)"
     "return co() + work(900) + t.send('B') + co() + t.add_one(work(500))"},
    {"TenThousandTimes",
     "return work(1e6) .. coroutine.wrap(function() return coroutine.wrap(function() return work(1e6) end)() end)()"},
    {"WhileItComparesNothingToItsOwnTables",
     "local strange = setmetatable({}, { __eq = function() return true end })"
     "local co = coroutine.wrap(function() while true do work(900) coroutine.yield(strange) end end)"
     "return tostring(co() == strange and co() == strange)"},
};
TEST(Slice, AreFewerWithMoreTime) {
  Options options;
  options.slice = std::chrono::hours(1);
  EXPECT_EQ(run(kWork + "return work(100000)", options).pauses, 0);
}

TEST(Slice, EndSoonAfterMuchNativeWork) {
  // Some 60 instructions: without a look in between, one pause.
  const std::string table = "local t = {} for i = 1, 20000 do t['k' .. i] = i end ";
  const std::string script = table + "for i = 1, 10 do next(t, 'k77') end";
  const Result whole = run(script);
  const Result cut = run(script, sliced());
  EXPECT_EQ(cut.outcome, Outcome::finished) << cut.error;
  EXPECT_GE(cut.pauses - run(table, sliced()).pauses, 10);
  EXPECT_EQ(cut.usage.instructions, whole.usage.instructions);
}

TEST(Slice, AScriptCannotAffordToStayAtTheLimitOfItsStackWhereItDoesNotPause) {
  Options options = sliced();
  options.limits.instructions = 20'000'000;  // of time it has enough
  const Result result = run("local function f() local ok = pcall(f) while true do pcall(f) end end f()", options);
  EXPECT_EQ(result.kind, "budget");
  EXPECT_NE(result.error.find("instructions"), std::string::npos) << result.error;
}

TEST(Slice, AKillMeetsAScriptThatIsPausedInACoroutine) {
  State state(State::Setup{});
  state.load(compile("scripts/test.lua",
                     "return function() coroutine.wrap(function() while true do pcall(function() "
                     "while true do end end) end end)() end"),
             Limits{});
  state.set_slice(std::chrono::microseconds(0));
  ASSERT_EQ(state.start(0), Outcome::paused);
  ASSERT_EQ(state.go_on(), Outcome::paused);
  state.kill("operator");
  ASSERT_EQ(state.go_on(), Outcome::failed);
  EXPECT_NE(state.error().message().find("was stopped: operator"), std::string::npos) << state.error().message();
}

TEST(Slice, AFileIsLoadedWithoutAPauseAndWithinItsBudget) {
  State state(State::Setup{});
  state.set_slice(std::chrono::microseconds(0));
  state.load(compile("scripts/test.lua", "local x = 0 for i = 1, 100000 do x = x + i end return x"), Limits{});
  EXPECT_EQ(lua_tonumber(state.thread(), -1), 5000050000.0);
  Limits small;
  small.instructions = 100'000;
  EXPECT_THROW(state.load(compile("scripts/loop.lua", "while true do end"), small), Error);
}

INSTANTIATE_TEST_SUITE_P(Anywhere, Slices, testing::ValuesIn(kCases), [](const auto& it) { return it.param.name; });

}  // namespace
}  // namespace cw::lua
