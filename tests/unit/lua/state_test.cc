// A state runs a script, waits for the world and goes on, and says what went wrong and where.
#include <gtest/gtest.h>

#include "runner.h"

namespace cw::lua {
namespace {

using test::Options;
using test::run;
using Outcome = State::Outcome;

int open_waiting(lua_State* L) {
  push_module(L, {{"send", guard<wait>, true}});
  return 1;
}

const std::vector<NativeModule> kWaiting{{"waiting", guard<open_waiting>}};

TEST(State, RunsAScriptToItsEnd) { EXPECT_EQ(run("return 1 + 1").text, "2"); }

TEST(State, WaitsForANativeCallAndGoesOnWithItsResults) {
  auto result = run("local t = require 'test'; local a = t.send('A'); local b = t.send('B'); return a .. ',' .. b");
  EXPECT_EQ(result.text, "1,2") << result.error;
  EXPECT_EQ(result.waits, 2);
}

TEST(State, WaitsInsideCoroutinesOfTheScript) {
  auto result = run(R"(
    local t = require "test"
    local inner = coroutine.wrap(function() coroutine.yield(t.send("A")); coroutine.yield(t.send("B")) end)
    local outer = coroutine.wrap(function() while true do coroutine.yield(inner()) end end)
    return outer() .. "," .. outer())");
  EXPECT_EQ(result.text, "1,2") << result.error;
  EXPECT_EQ(result.waits, 2);
}

TEST(State, WaitsInsideCallbacksOfTheLibrary) {
  auto result = run(R"(
    local t = require "test"
    local text = ("a-b"):gsub("%a", function(c) return c .. t.send(c) end)
    local list = { 3, 1, 2 }
    table.sort(list, function(a, b) t.send("x"); return a < b end)
    local ok, sum = pcall(function() return t.send("y") end)
    return text .. ":" .. table.concat(list, ",") .. ":" .. tostring(ok))");
  EXPECT_EQ(result.text, "a1-b2:1,2,3:true") << result.error;
  EXPECT_GT(result.waits, 4);
}

TEST(State, RaisesInTheScriptWhatEndsAWaitBadly) {
  Options options;
  options.answer = [](lua_State*, int) -> int { throw Error(ErrorKind::reader, "card removed", 0x6F00); };
  auto caught = run(R"(local t = require "test"
    local ok, err = pcall(t.send, "A")
    return tostring(ok) .. " " .. err.kind .. " " .. err.message .. " " .. err.sw)",
                    options);
  EXPECT_EQ(caught.text, "false reader card removed 28416") << caught.error;
  auto uncaught = run("local t = require 'test'\nt.send('A')", options);
  EXPECT_EQ(uncaught.kind, "reader");
  EXPECT_EQ(uncaught.error, "scripts/test.lua:2: card removed");
}

TEST(State, GivesCardErrorsToScriptsAsTables) {
  auto result = run(R"(local t = require "test"
    local ok, err = pcall(t.fail)
    return err.kind .. "|" .. err.sw .. "|" .. err.cause .. "|" .. tostring(err) .. "|" .. err)");
  std::string shown = "scripts/test.lua:2: INSTALL: not enough memory";
  EXPECT_EQ(result.text, "card|27268|the card said so|" + shown + "|" + shown);
}

TEST(State, PlacesTheErrorOfANativeCallAtItsLine) {
  auto result = run("local t = require 'test'\nlocal function g()\n  t.add_one('x')\nend\ng()");
  EXPECT_EQ(result.kind, "usage");
  EXPECT_EQ(result.error, "scripts/test.lua:3: test.add_one: argument 1: expected a whole number, got a string");
  EXPECT_EQ(result.traceback, "  scripts/test.lua:3: in g\n  scripts/test.lua:5");
}

TEST(State, PlacesTheErrorOfAScriptAtItsLine) {
  auto result = run("\nlocal x\nreturn x.y");
  EXPECT_EQ(result.kind, "script");
  EXPECT_EQ(result.error, "scripts/test.lua:3: attempt to index local 'x' (a nil value)");
  EXPECT_EQ(result.traceback, "  scripts/test.lua:3");
  auto memory = run("\nlocal s = 'x' while true do s = s .. s end");
  EXPECT_EQ(memory.error, "scripts/test.lua:2: the script made a single value over 1 MiB");
}

TEST(State, KeepsTheFieldsOfATableThatAScriptRaises) {
  auto result = run("error({ kind = 'card', message = 'no\\nroom', sw = 0x6A84, cause = 'full' })");
  EXPECT_EQ(result.kind, "card");
  EXPECT_EQ(result.error, "scripts/test.lua:1: no room");
  EXPECT_EQ(run("error({})").kind, "script");
  EXPECT_EQ(run("error(nil)").kind, "script");
  EXPECT_EQ(run("error(function() end)").error, "scripts/test.lua:1: the script raised a function as its error");
}

TEST(State, StopsWhenKilled) {
  State::Setup setup;
  State state(setup);
  state.load(compile("a.lua", "return function() pcall(function() while true do end end) end"), Limits{});
  state.kill("operator");
  EXPECT_EQ(state.start(0), Outcome::failed);
  EXPECT_EQ(state.error().kind(), ErrorKind::budget);
  EXPECT_NE(state.error().message().find("was stopped: operator"), std::string::npos);
}

TEST(State, LoadsUnderLimitsOfTheirOwnAndWithoutWaiting) {
  State::Setup setup;
  static const std::vector<NativeModule> kNone;
  setup.modules = &kNone;
  Limits load;
  load.instructions = 100'000;
  EXPECT_THROW(State(setup).load(compile("a.lua", "while true do end"), load), Error);
  auto syntax = [] { compile("scripts/a.lua", "local x =\n= 1"); };
  try {
    syntax();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message().substr(0, 16), "scripts/a.lua:2:");
  }
  EXPECT_THROW(compile("a.lua", "\x1BLJ\x02"), Error);
  EXPECT_THROW(compile("a.lua", std::string(300u << 10, ' ')), Error);
}

TEST(State, RefusesToWaitWhileLoading) {
  Options options;
  auto result = run("return 1 end, require('test').send('A'), function()", options);
  EXPECT_NE(result.error.find("a call that waits while a file loads"), std::string::npos) << result.error;
}

TEST(State, IsSmallWhileItWaits) {
  State::Setup setup;
  setup.modules = &kWaiting;
  State state(setup);
  state.load(compile("a.lua", "return function() return require('waiting').send() end"), Limits{});
  ASSERT_EQ(state.start(0), Outcome::waiting);
  state.collect();
  EXPECT_LT(state.usage().memory, 64U << 10);
  EXPECT_EQ(state.resume([](lua_State*) { return 0; }), Outcome::finished);
}

TEST(State, CanBeMoved) {
  State::Setup setup;
  State first(setup);
  first.load(compile("a.lua", "return function(x) return x * 2 end"), Limits{});
  State second = std::move(first);
  lua_pushnumber(second.thread(), 21);
  ASSERT_EQ(second.start(1), Outcome::finished);
  EXPECT_EQ(lua_tonumber(second.thread(), -1), 42);
}

TEST(State, EndsARunThatHasNoMemoryAtAll) {
  Options options;
  options.limits.memory = 8U << 10;
  EXPECT_EQ(run("local t = {} for i = 1, 1000 do t[i] = i end", options).kind, "budget");
}

TEST(State, StopsARunWhileItWaits) {
  State::Setup setup;
  setup.modules = &kWaiting;
  State state(setup);
  state.load(compile("a.lua", "return function() while true do pcall(require('waiting').send) end end"), Limits{});
  ASSERT_EQ(state.start(0), Outcome::waiting);
  state.kill("operator");
  EXPECT_EQ(state.resume([](lua_State*) { return 0; }), Outcome::failed);
  EXPECT_EQ(state.error().kind(), ErrorKind::budget);
}

TEST(State, AFailureInTheLibraryIsShownAtTheLineOfTheFlowThatCalledIt) {
  Options options;
  options.modules["stdlib/cw/gp"] = "return { fail = function()\n  error({ kind = 'card', message = 'no' }, 0)\nend }";
  options.name = "scripts/flow.lua";
  const auto result =
      run("local gp = require 'stdlib/cw/gp'\nlocal function step()\n  gp.fail()\nend\nstep()", options);
  EXPECT_EQ(result.error.substr(0, 19), "scripts/flow.lua:3:") << result.error;
  EXPECT_NE(result.traceback.find("stdlib/cw/gp.lua:2"), std::string::npos) << result.traceback;
}

TEST(State, RequiresModulesOfTheBundleOnce) {
  Options options;
  options.modules = {{"a", "local b = require 'b'; return { n = b.n + 1 }"},
                     {"b", "return { n = 1 }"},
                     {"loop", "return require 'loop'"},
                     {"none", "local x = 1"}};
  EXPECT_EQ(run("return require('a').n + (require 'a' == require 'a' and 10 or 0)", options).text, "12");
  EXPECT_NE(run("require 'loop'", options).error.find("requires itself"), std::string::npos);
  EXPECT_NE(run("require 'none'", options).error.find("returns a table or a function"), std::string::npos);
  EXPECT_NE(run("require '../x'", options).error.find("no such module"), std::string::npos);
}

class Counted : public Handle {
 public:
  explicit Counted(int& live) : live_(live) { ++live_; }
  ~Counted() override { --live_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  int& live_;
};

int live = 0;  // handles made and not freed

int handle_name(lua_State* L);
int handle_concat(lua_State* L) {
  push(L, std::string_view("joined"));
  return 1;
}
const HandleType kKey{"Key", {{"name", guard<handle_name>}}, {{"__concat", guard<handle_concat>}}};

int handle_name(lua_State* L) {
  check_handle(L, 1, kKey);
  push(L, std::string_view("isd"));
  return 1;
}

int new_handle(lua_State* L) {
  push_handle(L, kKey, std::make_unique<Counted>(live), static_cast<size_t>(integer(L, 1, 0, 1 << 30)));
  return 1;
}

int open_keys(lua_State* L) {
  push_module(L, {{"new", guard<new_handle>}});
  return 1;
}

const std::vector<NativeModule> kKeys{{"keys", guard<open_keys>}};

TEST(Handles, HaveMethodsAndHideTheirMetatable) {
  Options options;
  options.native = &kKeys;
  EXPECT_EQ(run("return require('keys').new(10):name()", options).text, "isd");
  EXPECT_EQ(run("return require('keys').new(10) .. 'x'", options).text, "joined");
  EXPECT_EQ(run("return getmetatable(require('keys').new(10))", options).text, "false");
  EXPECT_EQ(run("return tostring(require('keys').new(10))", options).text, "userdata: 1");
  auto wrong = run("require('keys').new(10).name(5)", options);
  EXPECT_NE(wrong.error.find("Key:name: argument 1: expected a Key, got a number"), std::string::npos) << wrong.error;
  EXPECT_EQ(live, 0);
}

TEST(Handles, AreCountedAndCharged) {
  Options options;
  options.native = &kKeys;
  EXPECT_EQ(run("local keys = require 'keys'; for i = 1, 10000 do keys.new(100) end return 'ok'", options).text, "ok");
  auto many = run("local keys, t = require 'keys', {}; for i = 1, 300 do t[i] = keys.new(1) end", options);
  EXPECT_NE(many.error.find("at most 256 handles"), std::string::npos) << many.error;
  auto large = run("local keys, t = require 'keys', {}; for i = 1, 100 do t[i] = keys.new(1000000) end", options);
  EXPECT_EQ(large.kind, "budget") << large.error;
  EXPECT_EQ(run("local keys = require 'keys'; for i = 1, 100 do keys.new(1000000) end return 'ok'", options).text,
            "ok");
  EXPECT_EQ(live, 0);
}

}  // namespace
}  // namespace cw::lua
