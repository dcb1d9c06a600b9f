// The library of strings and tables against stock LuaJIT: what it answered when this table was made, and what a stock
// state answers now to random patterns.
#include <algorithm>

#include <gtest/gtest.h>

#include "runner.h"

namespace cw::lua {
namespace {

using test::run;

struct Case {
  const char* expression;
  std::string_view expected;  // type:value of each result, from LuaJIT 2.1.0-beta3
};

const Case kCases[] = {
    {R"lua(("hello world"):find("o w"))lua", "n:5 n:7"},
    {R"lua(("hello world"):find("o", 6))lua", "n:8 n:8"},
    {R"lua(("hello"):find("l+"))lua", "n:3 n:4"},
    {R"lua(("hello"):find("xyz"))lua", "n:nil"},
    {R"lua(("hello"):find(""))lua", "n:1 n:0"},
    {R"lua(("hello"):find("", 10))lua", "n:6 n:5"},
    {R"lua(("hello"):find("", -2))lua", "n:4 n:3"},
    {R"lua(("a.b"):find(".", 1, true))lua", "n:2 n:2"},
    {R"lua(("a.b"):find("%."))lua", "n:2 n:2"},
    {R"lua(("hello"):find("^h"))lua", "n:1 n:1"},
    {R"lua(("hello"):find("^e"))lua", "n:nil"},
    {R"lua(("hello"):find("e", -4))lua", "n:2 n:2"},
    {R"lua(("hello"):find("l", -2))lua", "n:4 n:4"},
    {R"lua(("key = value"):match("^(%w+)%s*=%s*(%w+)$"))lua", "s:key s:value"},
    {R"lua(("  trim  "):match("^%s*(.-)%s*$"))lua", "s:trim"},
    {R"lua(("2026-11-20"):match("(%d+)-(%d+)-(%d+)"))lua", "s:2026 s:11 s:20"},
    {R"lua(("hello"):match("()ll()"))lua", "n:3 n:5"},
    {R"lua(("THE (quick) fox"):find("%((%a+)%)"))lua", "n:5 n:11 s:quick"},
    {R"lua(("f(a(b)c)d"):match("%b()"))lua", "s:(a(b)c)"},
    {R"lua(("THE (quick) fox"):gsub("%f[%a]%a+", "<%0>"))lua", "s:<THE> (<quick>) <fox> n:3"},
    {R"lua(("[[x]]"):match("%[%[(.*)%]%]"))lua", "s:x"},
    {R"lua(("x^2"):find("^", 1, true))lua", "n:2 n:2"},
    {R"lua(("x^2"):find("x^"))lua", "n:1 n:2"},
    {R"lua(("a$b"):find("a$b"))lua", "n:1 n:3"},
    {R"lua(("a$"):find("%$$"))lua", "n:2 n:2"},
    {R"lua(("abcabc"):match("(a)(b)(c)%1%2%3"))lua", "s:a s:b s:c"},
    {R"lua(("aaa"):match("a-"))lua", "s:"},
    {R"lua(("aaa"):match("a-$"))lua", "s:aaa"},
    {R"lua(("aaab"):match("a-b"))lua", "s:aaab"},
    {R"lua(("aab"):match("a?a?a?b"))lua", "s:aab"},
    {R"lua(("]"):match("[]]"))lua", "s:]"},
    {R"lua(("^"):match("[%^]"))lua", "s:^"},
    {R"lua(("-"):match("[a-]"))lua", "s:-"},
    {R"lua(("b"):match("[^a]"))lua", "s:b"},
    {R"lua(("a-z"):match("[a%-z]+"))lua", "s:a-z"},
    {R"lua(("A1_z"):match("[%w_]+"))lua", "s:A1_z"},
    {R"lua(("\0a\0"):find("%z", 2))lua", "n:3 n:3"},
    {R"lua(("a\0b"):find("a\0b"))lua", "n:1 n:3"},
    {R"lua(#("a\0b"):match("[%z]"))lua", "n:1"},
    {R"lua(("deadBEEF"):match("%x+"))lua", "s:deadBEEF"},
    {R"lua(("tab\tx"):match("%c"))lua", "s:\011"},
    {R"lua(("a,b,c"):gsub(",", ";"))lua", "s:a;b;c n:2"},
    {R"lua(("a,b,c"):gsub(",", ";", 1))lua", "s:a;b,c n:1"},
    {R"lua(("abc"):gsub("", "-"))lua", "s:-a-b-c- n:4"},
    {R"lua(("abc"):gsub("%w", "%0%0"))lua", "s:aabbcc n:3"},
    {R"lua(("abc"):gsub("%w", "%%"))lua", "s:%%% n:3"},
    {R"lua(("hello world"):gsub("o", { o = "0" }))lua", "s:hell0 w0rld n:2"},
    {R"lua(("hello world"):gsub("(%w+)", "<%1>"))lua", "s:<hello> <world> n:2"},
    {R"lua(("hello"):gsub("l", function() end))lua", "s:hello n:2"},
    {R"lua(("hello"):gsub("l", function(c) return c:upper() end))lua", "s:heLLo n:2"},
    {R"lua(("hello"):gsub("(h)(e)", "%2%1"))lua", "s:ehllo n:1"},
    {R"lua(("hello"):gsub("^h", "j"))lua", "s:jello n:1"},
    {R"lua(("hello"):gsub("x*", "-"))lua", "s:-h-e-l-l-o- n:6"},
    {R"lua(("abc"):gsub(".", { a = 1, b = true and "B" }))lua", "s:1Bc n:3"},
    {R"lua(("abc"):gsub("b*", function(s) return "[" .. s .. "]" end))lua", "s:[]a[b][]c[] n:4"},
    {R"lua(("x = 1"):gsub("%s+", ""))lua", "s:x=1 n:2"},
    {R"lua(("hello"):gsub("", ""))lua", "s:hello n:6"},
    {R"lua(("hello"):rep(3))lua", "s:hellohellohello"},
    {R"lua(("ab"):rep(3, "-"))lua", "s:ab-ab-ab"},
    {R"lua(("x"):rep(0))lua", "s:"},
    {R"lua(("x"):rep(-1))lua", "s:"},
    {R"lua(("hello"):sub(2, -2))lua", "s:ell"},
    {R"lua(("hello"):sub(-3))lua", "s:llo"},
    {R"lua(("hello"):sub(0))lua", "s:hello"},
    {R"lua(("hello"):sub(10))lua", "s:"},
    {R"lua(("hello"):sub(-100, 2))lua", "s:he"},
    {R"lua(("hello"):byte(1, -1))lua", "n:104 n:101 n:108 n:108 n:111"},
    {R"lua(("hello"):byte(10))lua", ""},
    {R"lua(("hello"):byte(-1))lua", "n:111"},
    {R"lua(("abc"):reverse())lua", "s:cba"},
    {R"lua(("aBc1"):upper())lua", "s:ABC1"},
    {R"lua(("aBc1"):lower())lua", "s:abc1"},
    {R"lua(string.char(72, 105))lua", "s:Hi"},
    {R"lua(("%5d|%-5d|%05d|%+d"):format(42, 42, 42, 42))lua", "s:   42|42   |00042|+42"},
    {R"lua(("%x %X %o %c"):format(255, 255, 8, 65))lua", "s:ff FF 10 A"},
    {R"lua(("%5.2f %e %g"):format(3.14159, 12345.678, 0.0001))lua", "s: 3.14 1.234568e+04 0.0001"},
    {R"lua(("%s %s %s"):format("a", 1, 1.5))lua", "s:a 1 1.5"},
    {R"lua(("%q"):format("a\"b\\c\nd\0e\r"))lua", "s:\042a\134\042b\134\134c\134\012d\1340e\13413\042"},
    {R"lua(("%5s|%-5s|%.2s"):format("ab", "ab", "abc"))lua", "s:   ab|ab   |ab"},
    {R"lua(("%%"):format())lua", "s:%"},
    {R"lua(("%d"):format("10"))lua", "s:10"},
    {R"lua(("%d"):format(3.7))lua", "s:3"},
    {R"lua(("%i"):format(-3.7))lua", "s:-3"},
    {R"lua(("%s"):format(nil))lua", "s:nil"},
    {R"lua(("%s"):format(true))lua", "s:true"},
    {R"lua(tostring(1e15) .. tostring(1e100) .. tostring(0.1) .. tostring(-0.0))lua", "s:1e+151e+1000.1-0"},
    {R"lua(tostring(1/0) .. tostring(-1/0))lua", "s:inf-inf"},
    {R"lua(tonumber("0x10"))lua", "n:16"},
    {R"lua(tonumber("  12  "))lua", "n:12"},
    {R"lua(tonumber("1e2"))lua", "n:100"},
    {R"lua(tonumber("z", 36))lua", "n:35"},
    {R"lua(tonumber("10", 2))lua", "n:2"},
    {R"lua(tonumber("abc"))lua", "n:nil"},
    {R"lua(tonumber(""))lua", "n:nil"},
    {R"lua(table.concat({ 1, 2, 3 }, ", "))lua", "s:1, 2, 3"},
    {R"lua(table.concat({ 1, 2, 3 }, ", ", 2, 3))lua", "s:2, 3"},
    {R"lua(table.concat({}, ","))lua", "s:"},
    {R"lua(table.maxn({ 1, 2, [10] = 3, x = 1 }))lua", "n:10"},
    {R"lua(table.remove({ 1, 2, 3 }))lua", "n:3"},
    {R"lua(table.remove({ 1, 2, 3 }, 1))lua", "n:1"},
    {R"lua(table.remove({}))lua", ""},
    {R"lua(unpack({ 1, 2, 3 }, 2))lua", "n:2 n:3"},
    {R"lua(unpack({ 1, nil, 3 }, 1, 3))lua", "n:1 n:nil n:3"},
    {R"lua(select("#", unpack({}, 1, 3)))lua", "n:3"},
    {R"lua(math.floor(-3.5), math.ceil(-3.5), math.fmod(-7, 3), -7 % 3)lua", "n:-4 n:-3 n:-1 n:2"},
    {R"lua(math.max(1, 5, 3), math.min(4, 2), math.abs(-1), math.huge)lua", "n:5 n:2 n:1 n:inf"},
    {R"lua(math.modf(3.7))lua", "n:3 n:0.7"},
    {R"lua(bit.band(0xFF, 0x0F), bit.bxor(1, 3), bit.lshift(1, 31), bit.tohex(255, 4))lua",
     "n:15 n:2 n:-2147483648 s:00ff"},
};

TEST(Library, AnswersAsStockLuaJit) {
  const std::string show = R"lua(
    local function show(...)
      local t = {}
      for i = 1, select("#", ...) do
        local v = select(i, ...)
        t[i] = type(v):sub(1, 1) .. ":" .. tostring(v)
      end
      return table.concat(t, " ")
    end
    return show()lua";
  for (const Case& c : kCases) {
    auto result = run(show + c.expression + ")");
    EXPECT_EQ(result.text, c.expected) << c.expression << " " << result.error;
  }
}

/// Makes subjects and patterns by a generator of its own, so that it makes the same ones in any state.
constexpr const char* kDifferential = R"lua(
local seed = ...
local function pick(n) seed = seed * 16807 % 2147483647; return seed % n + 1 end
local letters = { "a", "b", "c", "(", ")", "[", "]", "-", "%", "^", "$", ".", "1", " ", "\0" }
local items = { "a", "b", ".", "%a", "%d", "%w", "%s", "%A", "[ab]", "[^a]", "[a-c]", "[]]", "[^]]", "[%a]", "[a-]",
  "(", ")", "()", "(a)", "(.)", "(.-)", "(.*)", "%1", "%2", "%b()", "%b[]", "%f[a]", "%f[%A]", "%z", "$", "^", "%", "[",
  "]", "%f", "%b", "%0", "%.", "-", "*", "+", "?" }
local suffixes = { "", "", "", "", "*", "+", "-", "?" }
local function subject()
  local t = {}
  for i = 1, pick(12) - 1 do t[i] = letters[pick(4) > 1 and pick(5) or pick(#letters)] end
  return table.concat(t)
end
local function pattern()
  local t = { pick(5) == 1 and "^" or "" }
  for i = 1, pick(5) do t[#t + 1] = items[pick(#items)] .. suffixes[pick(#suffixes)] end
  return table.concat(t)
end
local out = {}
local function note(ok, ...)
  if not ok then out[#out + 1] = "error" return end
  for i = 1, select("#", ...) do out[#out + 1] = tostring((select(i, ...))) end
end
local function each(s, p)
  local t = {}
  for a, b in s:gmatch(p) do t[#t + 1] = tostring(a) .. "," .. tostring(b) if #t > 40 then break end end
  return table.concat(t, ";")
end
for i = 1, 400 do
  local s, p = subject(), pattern()
  out[#out + 1] = "\n" .. s .. " ~ " .. p .. " = "
  note(pcall(string.find, s, p, pick(4) - 2))
  note(pcall(string.match, s, p))
  note(pcall(each, s, p))
  note(pcall(string.gsub, s, p, "<%0>", pick(6)))
  note(pcall(string.gsub, s, p, "%1"))
  note(pcall(string.gsub, s, p, function(a, b) return a ~= "b" and tostring(a) .. tostring(b) end))
  note(pcall(string.gsub, s, p, { a = "A", b = false }))
end
return table.concat(out, "|"))lua";

std::string in_stock(int seed) {
  lua_State* L = luaL_newstate();
  luaL_openlibs(L);
  luaL_loadstring(L, kDifferential);
  lua_pushnumber(L, seed);
  EXPECT_EQ(lua_pcall(L, 1, 1, 0), 0) << lua_tostring(L, -1);
  size_t size = 0;
  const char* data = lua_tolstring(L, -1, &size);
  std::string text(data, size);
  lua_close(L);
  return text;
}

/// The first line that differs, for people.
std::string first_difference(const std::string& ours, const std::string& stock) {
  size_t at =
      static_cast<size_t>(std::mismatch(ours.begin(), ours.end(), stock.begin(), stock.end()).first - ours.begin());
  size_t begin = ours.rfind('\n', at);
  begin = begin == std::string::npos ? 0 : begin;
  return "ours " + ours.substr(begin, ours.find('\n', begin + 1) - begin) + "\nstock " +
         stock.substr(begin, stock.find('\n', begin + 1) - begin);
}

TEST(Library, MatchesRandomPatternsAsStockLuaJit) {
  for (int seed = 1; seed <= 40; ++seed) {
    std::string script = "local function body(...) " + std::string(kDifferential) + " end return body(" +
                         std::to_string(seed * 7919) + ")";
    auto ours = run(script);
    std::string stock = in_stock(seed * 7919);
    ASSERT_EQ(ours.outcome, State::Outcome::finished) << ours.error;
    ASSERT_TRUE(ours.text == stock) << "seed " << seed << "\n" << first_difference(ours.text, stock);
  }
}

TEST(Library, SortsStablyWhateverTheComparator) {
  auto stable = run(R"(
    local t = {}
    for i = 1, 100 do t[i] = { key = i % 7, i = i } end
    table.sort(t, function(a, b) return a.key < b.key end)
    for i = 2, 100 do
      if t[i].key < t[i - 1].key then return "unsorted" end
      if t[i].key == t[i - 1].key and t[i].i < t[i - 1].i then return "unstable" end
    end
    return "ok")");
  EXPECT_EQ(stable.text, "ok") << stable.error;
  EXPECT_EQ(run("local t = {3, 1, 2, 5, 4} table.sort(t, function() return true end) return #t").text, "5");
  EXPECT_EQ(run("local t = {'b', 'a'} table.sort(t) return t[1] .. t[2]").text, "ab");
  EXPECT_EQ(run("local t = {2, 1, 3} table.sort(t, function(a, b) return a > b end) return t[1] .. t[2] .. t[3]").text,
            "321");
}

TEST(Library, PrintsThroughTostring) {
  EXPECT_EQ(run("local t = setmetatable({}, { __tostring = function() return 'T' end }) "
                "return ('%s %5s %s'):format(t, t, 1) .. tostring(t)")
                .text,
            "T     T 1T");
}

}  // namespace
}  // namespace cw::lua
