// Every known way to escape a kill, to eat the process or to reach what is not there. Each script ends within twice its
// time, the process lives, and the next run in a fresh state is unharmed.
#include <gtest/gtest.h>

#include "runner.h"

namespace cw::lua {
namespace {

using test::run;
using test::tight;

struct Escape {
  const char* name;
  const char* script;
};

void PrintTo(const Escape& escape, std::ostream* out) { *out << escape.name; }

class Escapes : public testing::TestWithParam<Escape> {};

std::string name_of_test(const testing::TestParamInfo<Escape>& info) { return info.param.name; }

void expect_next_run_unharmed() { EXPECT_EQ(run("return ('abc'):upper()").text, "ABC"); }

/// Scripts that never end, or take more than they have: killed.
class Killed : public Escapes {};

TEST_P(Killed, WithinTwiceItsTime) {
  auto options = tight();
  auto result = run(GetParam().script, options);
  EXPECT_EQ(result.outcome, State::Outcome::failed) << "result: " << result.text;
  EXPECT_EQ(result.kind, "budget") << result.error;
  EXPECT_LT(result.cpu, 2 * options.limits.awake);
  EXPECT_LT(result.usage.peak_memory, options.limits.memory + (1u << 20));
  expect_next_run_unharmed();
}

TEST_P(Killed, AsWellWhereItPauses) {
  auto options = tight();
  options.slice = std::chrono::milliseconds(1);
  auto result = run(GetParam().script, options);
  EXPECT_EQ(result.outcome, State::Outcome::failed) << "result: " << result.text;
  EXPECT_EQ(result.kind, "budget") << result.error;
  EXPECT_LT(result.cpu, 2 * options.limits.awake);
}

const Escape kKilled[] = {
    {"Loop", "while true do end"},
    {"GotoLoop", "::again:: goto again"},
    {"ForLoop", "for i = 1, math.huge do end"},
    {"RepeatLoop", "repeat until false"},
    {"TailCalls", "local function f() return f() end f()"},
    {"PcallLoop", "while true do pcall(function() while true do end end) end"},
    {"PcallOfPcall", "while true do pcall(pcall, pcall, function() while true do end end) end"},
    {"PcallRecursionThatCatchesOverflow", "local function f() local ok = pcall(f) while true do pcall(f) end end f()"},
    {"RecursionInBothArms", "local function f() pcall(f) pcall(f) end f()"},
    {"HandlerThatSpins", "xpcall(error, function() while true do end end)"},
    {"HandlerThatSpinsAfterTheKill", "xpcall(function() while true do end end, function() while true do end end)"},
    {"HandlerThatSpinsInASortThatFails",
     "pcall(table.sort, {3, 2, 1}, function() xpcall(function() while true do end end, "
     "function() while true do end end) end)"},
    {"HandlerOfAHandler", "local function h() while true do xpcall(error, h) end end xpcall(error, h)"},
    {"ErrorInErrorHandler", "while true do xpcall(error, function() error(error) end) end"},
    {"ResumeLoop", "while true do coroutine.resume(coroutine.create(function() while true do end end)) end"},
    {"WrapInPcallInGsub",
     "while true do ('x'):rep(100):gsub('x', function() pcall(coroutine.wrap(function() while true do end end)) end) "
     "end"},
    {"WrapIteratorThatCatches",
     "for _ in coroutine.wrap(function() while true do pcall(coroutine.yield, 1) end end) do end"},
    {"CoroutinesWithoutEnd", "local t = {} while true do t[#t + 1] = coroutine.create(function() end) end"},
    {"SortThatNeverEnds", "local t = {} for i = 1, 60000 do t[i] = i % 7 end while true do table.sort(t) end"},
    {"ComparatorThatSpins", "table.sort({1, 2, 3}, function() while true do end end)"},
    {"BacktrackingFind", "return ('a'):rep(3000):find('.-.-.-.-.-.-b')"},
    {"BacktrackingMatch", "return ('a'):rep(3000):match('(.*)(.*)(.*)(.*)(.*)b')"},
    {"BacktrackingGmatch", "for _ in ('a'):rep(100000):gmatch('.-b') do end"},
    {"BacktrackingGsub", "return ('a'):rep(3000):gsub('.-.-.-.-.-.-b', '')"},
    {"BacktrackingGsubWithFunction", "return ('a'):rep(3000):gsub('.-.-.-.-.-.-b', function() end)"},
    {"BacktrackingCaughtByPcall", "while true do pcall(string.find, ('a'):rep(3000), '.-.-.-.-.-.-b') end"},
    {"LongSet", "local p = '[' .. ('b'):rep(8000) .. ']' while true do ('a'):rep(1000000):find(p) end"},
    {"BalancedOverAndOver", "local s = ('('):rep(1000000) for i = 1, 1000 do s:find('%b()') end while true do end"},
    {"BackReferences", "('a'):rep(100000):find('(a*)%1%1%1b') while true do end"},
    {"PlainFind", "local s, p = ('a'):rep(1000000), ('a'):rep(500000) .. 'b' while true do s:find(p, 1, true) end"},
    {"LongConcats", "local s = ('a'):rep(1000000) while true do local t = s .. 'b' end"},
    {"LongComparisons",
     "local a, b = ('a'):rep(1000000) .. 'a', ('a'):rep(1000000) .. 'b' while true do local x = a < b end"},
    {"LongUpper", "local s = ('a'):rep(1000000) while true do s:upper() end"},
    {"LongReverse", "local s = ('a'):rep(1000000) while true do s:reverse() end"},
    {"LongSub", "local s, i = ('a'):rep(1000000), 1 while true do s:sub(2, -i) i = i + 1 end"},
    {"LongRep", "local i = 1 while true do ('a'):rep(1000000 + i % 40000) i = i + 1 end"},
    {"LongByte", "local s = ('a'):rep(7000) while true do s:byte(1, -1) end"},
    {"LongFormat", "local s, i = ('a'):rep(1000000), 1 while true do ('%s%d'):format(s, i) i = i + 1 end"},
    {"LongQuote", "local s = ('\\0'):rep(200000) while true do ('%q'):format(s) end"},
    {"LongNumberCoerced", "local s = ('1'):rep(1000000) while true do local x = s + 0 end"},
    {"LongNumberNegated", "local s = ('1'):rep(1000000) while true do local x = -s end"},
    {"LongNumberInFor", "local s = ('1'):rep(1000000) while true do for i = 1, s do break end end"},
    {"LongNumberSelected", "local s = ('1'):rep(1000000) while true do pcall(select, s) end"},
    {"LongNumbersInMax",
     "local s, t = ('1'):rep(1000000), {} for i = 1, 7000 do t[i] = s end while true do pcall(math.max, unpack(t)) "
     "end"},
    {"LongNumbersInBor",
     "local s, t = ('1'):rep(1000000), {} for i = 1, 7000 do t[i] = s end while true do pcall(bit.bor, unpack(t)) end"},
    {"LongNumbersInFormat",
     "local s, t = ('1'):rep(1000000), {} for i = 1, 7000 do t[i] = s end "
     "while true do pcall(string.format, ('%d'):rep(7000), unpack(t)) end"},
    {"LongNumbersInSub", "local s = ('1'):rep(1000000) while true do pcall(string.sub, 'x', s, s) end"},
    {"LongErrors", "local s = ('x'):rep(1000000) while true do pcall(error, s) end"},
    {"LongNamesInErrors", "local s, t = ('x'):rep(1000000), {} while true do pcall(function() return t[s].x end) end"},
    {"LongNumberToNumber", "local s = ('1'):rep(200) while true do tonumber(s) end"},
    {"ManyNumberTexts", "while true do pcall(tonumber, ('1'):rep(1000000)) end"},
    {"ConcatOverAndOver", "local t = {} for i = 1, 60000 do t[i] = 'abcdefgh' end while true do table.concat(t) end"},
    {"InsertAtTheFront", "local t = {} while true do table.insert(t, 1, 1) end"},
    {"RemoveFromTheFront",
     "local t = {} for i = 1, 60000 do t[i] = i end while true do table.insert(t, table.remove(t, 1)) end"},
    {"UnpackOverAndOver", "local t = {} for i = 1, 7900 do t[i] = i end while true do select('#', unpack(t)) end"},
    {"PairsOverAndOver", "local t = {} for i = 1, 20000 do t['k' .. i] = i end while true do pairs(t) end"},
    {"NextOverAndOver", "local t = {} for i = 1, 20000 do t['k' .. i] = i end while true do next(t) end"},
    {"NextFromAfar", "local t = {} for i = 1, 20000 do t['k' .. i] = i end while true do next(t, 'k77') end"},
    {"MaxnOverAndOver", "local t = {} for i = 1, 20000 do t['k' .. i] = i end while true do table.maxn(t) end"},
    {"IndexThatSpins", "return setmetatable({}, { __index = function() while true do end end }).x"},
    {"IndexThatCatches",
     "local t = setmetatable({}, { __index = function(t, k) while true do pcall(function() return t[k .. 'x'] end) "
     "end end }) return t.x"},
    {"EqLtConcatLoops",
     "local m = {} m.__lt = function(a, b) while true do pcall(function() return a .. b end) end end "
     "m.__concat = function(a, b) while true do pcall(function() return a < b end) end end "
     "return setmetatable({}, m) < setmetatable({}, m)"},
    {"CallChain", "local t = setmetatable({}, { __call = function(t) while true do pcall(t) end end }) t()"},
    {"TostringThatSpins", "tostring(setmetatable({}, { __tostring = function() while true do end end }))"},
    {"TostringOfTheError",
     "error(setmetatable({}, { __tostring = function() while true do end end, __index = "
     "function() while true do end end }), (function() while true do end end)())"},
    {"FormatThatSpins", "('%s'):format(setmetatable({}, { __tostring = function() while true do end end }))"},
    {"SelectOverAndOver",
     "local function f(...) while true do local n = select('#', ...) end end f(unpack({}, 1, 7000))"},
    {"TableBomb", "local t = {} for i = 1, 1e7 do t[i] = i end"},
    {"HashBomb", "local t = {} for i = 1, 1e7 do t['k' .. i] = i end"},
    {"StringBomb", "local s = 'x' while true do s = s .. s end"},
    {"StringListBomb", "local t = {} for i = 1, 1e7 do t[i] = ('x'):rep(10000) .. i end"},
    {"MemoryBombCaught", "while true do pcall(function() local t = {} for i = 1, 1e7 do t[i] = { i } end end) end"},
    {"MemoryBombInCoroutines",
     "while true do coroutine.resume(coroutine.create(function() local t = {} while true do t[#t + 1] = {} end end)) "
     "end"},
    {"ClosureBomb", "local f = function() end while true do local g = f f = function() return g() end end"},
    {"ConcatBombCaught", "while true do pcall(function() local s = 'x' while true do s = s .. s end end) end"},
    {"TableConcatBomb",
     "local t, s = {}, ('x'):rep(1000) for i = 1, 1000 do t[i] = s end "
     "local l = {} while true do l[#l + 1] = table.concat(t) .. #l end"},
    {"IdentityBomb", "local t = {} while true do local o = {} tostring(o) t[#t + 1] = o end"},
    {"MetatableBomb", "local t = {} while true do t[#t + 1] = setmetatable({}, { __index = {} }) end"},
    {"GmatchOfEmpties", "while true do for _ in ('x'):rep(10000):gmatch('()') do end end"},
};

INSTANTIATE_TEST_SUITE_P(Sandbox, Killed, testing::ValuesIn(kKilled), name_of_test);

/// Scripts that ask for what is not there: an ordinary error that names it, at once.
class Refused : public Escapes {};

TEST_P(Refused, WithAnErrorThatSaysWhy) {
  auto result = run(GetParam().script, tight());
  EXPECT_EQ(result.outcome, State::Outcome::failed) << "result: " << result.text;
  EXPECT_NE(result.kind, "internal") << result.error;
  EXPECT_FALSE(result.error.empty());
  EXPECT_EQ(result.error.find("nil value"), std::string::npos) << result.error;
  EXPECT_EQ(result.error.find("prelude"), std::string::npos) << result.error;
  expect_next_run_unharmed();
}

const Escape kRefused[] = {
    {"Io", "io.open('/etc/passwd')"},
    {"Os", "os.execute('true')"},
    {"Package", "package.loadlib('x', 'y')"},
    {"Debug", "debug.sethook()"},
    {"Jit", "jit.on()"},
    {"Ffi", "ffi.cast('int*', 0)"},
    {"RequireFfi", "require 'ffi'"},
    {"RequireDebug", "require 'debug'"},
    {"RequireStringBuffer", "require 'string.buffer'"},
    {"RequireTableNew", "require 'table.new'"},
    {"RequireBytecode", "require '\\27LJ\\2\\0'"},
    {"RequirePath", "require '../../etc/passwd'"},
    {"Load", "load('return 1')()"},
    {"Loadstring", "loadstring('return 1')()"},
    {"Loadfile", "loadfile('x')"},
    {"Dofile", "dofile('x')"},
    {"StringDump", "string.dump(function() end)"},
    {"StringDumpAsMethod", "(''):dump()"},
    {"Newproxy", "newproxy(true)"},
    {"Collectgarbage", "collectgarbage()"},
    {"Gcinfo", "gcinfo()"},
    {"Getfenv", "getfenv(1)"},
    {"Setfenv", "setfenv(1, {})"},
    {"Module", "module('x')"},
    {"Print", "print('x')"},
    {"Globals", "return _G.string"},
    {"GlobalWritten", "x = 1"},
    {"GlobalRead", "return x"},
    {"Foreach", "table.foreach({}, pcall)"},
    {"Random", "math.random()"},
    {"Sine", "math.sin(1)"},
    {"Pow", "math.pow(2, 0.5)"},
    {"PowerOfVariables", "local a, b = 2, 0.5 return a ^ b"},
    {"PowerOfFraction", "return 2 ^ 0.5"},
    {"PowerTooLarge", "return 3 ^ 40"},
    {"PowerBehindComment", "local a = 2 return a --[==[ ^ ]==] ^ 2"},
    {"Int64", "return 1LL + 1"},
    {"Uint64InFunction", "return (function() return function() return 0x1ULL end end)()()"},
    {"Complex", "return 12.5i"},
    {"WeakTable", "setmetatable({}, { __mode = 'k' })"},
    {"Finalizer", "setmetatable({}, { __gc = function() end })"},
    {"StringMetatable", "getmetatable('').__index = nil"},
    {"StringMetatableSet", "setmetatable('', {})"},
    {"ProtectedMetatable", "setmetatable(setmetatable({}, { __metatable = 1 }), {})"},
    {"ErrorMetatable", "local _, e = pcall(error, 'x') setmetatable(e, {})"},
    {"RepOfABillion", "return ('x'):rep(1e9)"},
    {"RepOverflow", "return ('xx'):rep(2 ^ 53)"},
    {"RepWithSeparator", "return (''):rep(1e6, ('x'):rep(1000))"},
    {"FormatWidth", "return ('%99999999d'):format(1)"},
    {"FormatStar", "return ('%*d'):format(1, 2)"},
    {"FormatN", "return ('%n'):format(1)"},
    {"FormatMissing", "return ('%d %d'):format(1)"},
    {"FormatLength", "local s = ('x'):rep(600000) return ('%s%s'):format(s, s)"},
    {"FormatNoInteger", "return ('%d'):format(0 / 0)"},
    {"FormatAddressOfString", "return ('%p'):format('x')"},
    {"ConcatTooLong", "local t = {} for i = 1, 2000 do t[i] = ('x'):rep(1000) end return table.concat(t)"},
    {"ConcatTable", "return table.concat({ {} })"},
    {"ConcatFarRange", "return table.concat({}, ',', 1, 1e8)"},
    {"GsubTooLong", "return ('x'):rep(100000):gsub('x', ('y'):rep(100))"},
    {"GsubTooLongByFunction", "local y = ('y'):rep(100) return ('x'):rep(20000):gsub('x', function() return y end)"},
    {"IndexOfReplacementTable", "return ('x'):gsub('()', setmetatable({}, { __index = 5 }))"},
    {"GsubValue", "return ('x'):gsub('x', function() return {} end)"},
    {"GsubArgument", "return ('x'):gsub('x', true)"},
    {"UnpackMany", "return unpack({}, 1, 1e8)"},
    {"UnpackFar", "return unpack({}, -2e9, 2e9)"},
    {"ByteMany", "return ('x'):rep(100000):byte(1, -1)"},
    {"TonumberLong", "return tonumber(('1'):rep(100000))"},
    {"PatternTooLong", "return ('x'):find(('a?'):rep(10000))"},
    {"PatternTooDeep", "return ('x'):rep(1000):match(('x?'):rep(300) .. ('x'):rep(300))"},
    {"PatternManyCaptures", "return ('x'):match(('()'):rep(40))"},
    {"PatternRep", "return ('x'):find(('('):rep(1000))"},
    {"Recursion", "local function f() return 1 + f() end return f()"},
    {"RecursionInGsub", "local function f() return (('x'):gsub('x', f)) end f()"},
    {"RecursionInSort", "local function f() table.sort({ 1, 2 }, f) return true end f()"},
    {"RecursionInTostring",
     "local t = {} setmetatable(t, { __tostring = function() return tostring(t) .. '' end }) tostring(t)"},
    {"RecursionInFormat",
     "local t = {} setmetatable(t, { __tostring = function() return ('%s'):format(t) .. '' end }) tostring(t)"},
    {"RecursionInIndex",
     "local t = {} setmetatable(t, { __index = function(_, k) return t[k .. ''] .. '' end }) return t.x"},
    {"RecursionInRequire", "local function f() return (require('test').add_one(f())) end f()"},
    {"RecursionInWrap", "local function f() coroutine.wrap(f)() end f()"},
    {"RecursionInResume", "local function f() assert(coroutine.resume(coroutine.create(f))) end f()"},
    {"RecursionInXpcall", "local function h() assert(xpcall(error, h)) end h()"},
    {"IndexChainLoop",
     "local a, b = {}, {} setmetatable(a, { __index = b }) setmetatable(b, { __index = a }) return a.x"},
    {"YieldOutside", "coroutine.yield(1)"},
    {"ResumeOfSelf", "local co co = coroutine.wrap(function() co() end) co()"},
    {"PairsOfTableKeys", "for _ in pairs({ [{}] = 1, [1] = 2 }) do end"},
    {"NextOfTableKeys", "return next({ [{}] = 1, [1] = 2 })"},
    {"NativeWithMetatable", "require('test').add_one(setmetatable({}, { __index = function() return 1 end }))"},
    {"HostileErrorMessage", "error(setmetatable({}, { __tostring = function() return {} end }))"},
    {"GsubGrowth", "local s = 'x' while true do s = s:gsub('x', 'xx') end"},
};

INSTANTIATE_TEST_SUITE_P(Sandbox, Refused, testing::ValuesIn(kRefused), name_of_test);

TEST(Sandbox, HasTheAllowListAndNothingElse) {
  auto result = run(R"(
    local out = {}
    for _, lib in ipairs { { "string", string }, { "table", table }, { "math", math }, { "coroutine", coroutine },
                           { "bit", bit } } do
      for name in pairs(lib[2]) do out[#out + 1] = lib[1] .. "." .. name end
    end
    return table.concat(out, " "))");
  EXPECT_EQ(result.text,
            "string.byte string.char string.dump string.find string.format string.gmatch string.gsub string.len "
            "string.lower string.match string.rep string.reverse string.sub string.upper table.concat table.foreach "
            "table.foreachi table.insert table.maxn table.remove table.sort table.unpack math.abs math.acos math.asin "
            "math.atan math.atan2 math.ceil math.cos math.cosh math.exp math.floor math.fmod math.frexp math.huge "
            "math.ldexp math.log math.log10 math.max math.min math.modf math.pi math.pow math.random math.randomseed "
            "math.sin math.sinh math.sqrt math.tan math.tanh coroutine.create coroutine.isyieldable coroutine.resume "
            "coroutine.running coroutine.status coroutine.wrap coroutine.yield bit.arshift bit.band bit.bnot bit.bor "
            "bit.bswap bit.bxor bit.lshift bit.rol bit.ror bit.rshift bit.tobit bit.tohex")
      << result.error;
}

TEST(Sandbox, IgnoresWeaknessSetBehindItsBack) {
  auto result = run(R"(
    local meta = {}
    local t = setmetatable({}, meta)
    meta.__mode = "k"
    t[{}] = 1
    local junk for i = 1, 200000 do junk = { i } end
    local function count() local n = 0 for _ in ipairs { 1 } do n = n + 1 end return n end
    return tostring(pcall(pairs, t)) .. count() .. tostring(getmetatable(t) == meta))");
  EXPECT_EQ(result.text, "false1true") << result.error;
}

TEST(Sandbox, KeepsMetatablesUsefulToScripts) {
  auto result = run(R"(
    local Point = {}
    Point.__index = Point
    local function new(x) return setmetatable({ x = x }, Point) end
    local early = new(1)
    function Point.__add(a, b) return new(a.x + b.x) end
    function Point:get() return self.x end
    return early:get() + (new(2) + new(3)):get() + (getmetatable(early) == Point and 100 or 0))");
  EXPECT_EQ(result.text, "106") << result.error;
}

TEST(Sandbox, CompilesOnlyWhatIsSane) {
  EXPECT_THROW(compile("a.lua", "return " + std::string(200000, '(')), Error);
  EXPECT_THROW(compile("a.lua", "return " + std::string(200000, '{')), Error);
  EXPECT_THROW(compile("a.lua", std::string(200000, '-') + "\n x"), Error);
  EXPECT_THROW(compile("a.lua", "return [[ 2^16"), Error);
  EXPECT_THROW(compile("a.lua", "return 'a\\"), Error);
  EXPECT_NO_THROW(compile("a.lua", "#! lua ^\nreturn 'a^\\'^', [=[ ]] ^ ]=], 1e-3, 0x1F, 1 ..2^3 --[[ 1LL ^ ]] -- ^"));
}

TEST(Sandbox, AllowsPowersOfIntegersWrittenOut) {
  EXPECT_EQ(run("return 2^16 + -2^2 + #'a^b' --^\n --[[ ^ ]] + #[==[ x^y ]==] + 0").text, "65540");
}

TEST(Sandbox, CountsInstructions) {
  auto options = tight();
  options.limits.instructions = 5000;
  auto result = run("for i = 1, 5500 do end return 'done'", options);
  EXPECT_EQ(result.kind, "budget") << result.text;
}

TEST(Sandbox, NamesThePlaceOfTheKill) {
  auto result = run("\n\nwhile true do end", tight());
  EXPECT_EQ(result.error.substr(0, 31), "scripts/test.lua:3: the script ") << result.error;
  EXPECT_EQ(result.traceback, "  scripts/test.lua:3");
}

TEST(Sandbox, CollectsGarbageBeforeItRefusesMemory) {
  auto result =
      run("local keep = {} for i = 1, 60 do keep[i] = ('x'):rep(100000 + i) end "
          "for i = 1, 20000 do local s = ('y'):rep(1000 + i % 100) .. i end return 'ok'");
  EXPECT_EQ(result.text, "ok") << result.error;
}

}  // namespace
}  // namespace cw::lua
