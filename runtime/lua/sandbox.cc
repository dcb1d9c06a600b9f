#include <array>
#include <string>

#include "chunk_private.h"
#include "errors_private.h"
#include "impl_private.h"
#include "lua/stack.h"
#include "sandbox_private.h"
#include "stack_private.h"
#include "strings_private.h"

namespace cw::lua {
namespace {

struct Refused {
  const char* name;
  const char* reason;
};

constexpr uint64_t kArgumentsPerInstruction = 16;

constexpr const char* kNoOutside = "a script reaches the world through native modules only";
constexpr const char* kNoSource = "code comes from the bundle only: use require";
constexpr const char* kNotRepeatable = "its result differs between machines or runs";

constexpr Refused kRefusedGlobals[] = {
    {"io", kNoOutside},
    {"os", kNoOutside},
    {"print", "write to the run's log"},
    {"package", kNoSource},
    {"module", kNoSource},
    {"load", kNoSource},
    {"loadstring", kNoSource},
    {"loadfile", kNoSource},
    {"dofile", kNoSource},
    {"debug", "it takes the sandbox apart"},
    {"jit", "it takes the sandbox apart"},
    {"ffi", "it takes the sandbox apart"},
    {"newproxy", "finalizers can not be stopped"},
    {"collectgarbage", "a run must not depend on when garbage is collected"},
    {"gcinfo", "a run must not depend on when garbage is collected"},
    {"getfenv", "globals are fixed"},
    {"setfenv", "globals are fixed"},
    {"_G", "globals are fixed"},
};

constexpr Refused kRefusedString[] = {{"dump", "bytecode is not let in or out"}};
constexpr Refused kRefusedTable[] = {{"foreach", "use pairs"}, {"foreachi", "use ipairs"}};
constexpr Refused kRefusedMath[] = {
    {"random", "chance comes from the run, so that it can be replayed"},
    {"randomseed", "chance comes from the run, so that it can be replayed"},
    {"pow", "multiply, or write 2^16 with integers"},
    {"acos", kNotRepeatable},
    {"asin", kNotRepeatable},
    {"atan", kNotRepeatable},
    {"atan2", kNotRepeatable},
    {"cos", kNotRepeatable},
    {"cosh", kNotRepeatable},
    {"exp", kNotRepeatable},
    {"frexp", kNotRepeatable},
    {"ldexp", kNotRepeatable},
    {"log", kNotRepeatable},
    {"log10", kNotRepeatable},
    {"sin", kNotRepeatable},
    {"sinh", kNotRepeatable},
    {"tan", kNotRepeatable},
    {"tanh", kNotRepeatable},
};

constexpr std::array kPlainGlobals = {"assert", "error", "ipairs", "rawequal", "rawget", "rawset", "select", "type"};
constexpr std::array kPlainMath = {"abs", "ceil", "floor", "fmod", "huge", "modf", "pi", "sqrt"};
constexpr std::array kPlainBit = {"arshift", "bnot", "bswap", "lshift", "rol", "ror", "rshift", "tobit", "tohex"};

int refuse_call(lua_State* L) {
  throw Error(ErrorKind::script, std::string(lua_tostring(L, lua_upvalueindex(1))) +
                                     " is not there for scripts: " + lua_tostring(L, lua_upvalueindex(2)));
}

int read_unknown(lua_State* L) {
  std::string name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2);
  for (const Refused& refused : kRefusedGlobals) {
    if (name == refused.name) {
      throw Error(ErrorKind::script, name + " is not there for scripts: " + refused.reason);
    }
  }
  throw Error(ErrorKind::script,
              "global '" + name + "' does not exist: a typing error, or a missing local or require?");
}

int write_unknown(lua_State* L) {
  std::string name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2);
  throw Error(ErrorKind::script, "global '" + name + "' can not be set: declare it local");
}

template <size_t N>
void copy_fields(lua_State* L, int from, const std::array<const char*, N>& names) {
  for (const char* name : names) {
    lua_getfield(L, from, name);
    lua_setfield(L, -2, name);
  }
}

/// A stock function of any number of numbers, without long texts for them. Upvalues: its name, the function.
int with_numbers(lua_State* L) {
  int count = lua_gettop(L);
  for (int i = 1; i <= count; ++i) {
    check_number_text(L, i);
    if (lua_isnumber(L, i) == 0) wrong_argument(L, i, expected(L, i, "a number"));
  }
  charge(L, static_cast<uint64_t>(count) / kArgumentsPerInstruction);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_insert(L, 1);
  lua_call(L, count, 1);
  return 1;
}

/// tonumber, without long texts. Upvalues as above.
int to_number(lua_State* L) {
  check_number_text(L, 1);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 1);
  return 1;
}

/// The field `name` of the table on top, with `guarding` in front of it.
void put_in_front(lua_State* L, int from, const char* name, lua_CFunction guarding) {
  lua_pushstring(L, name);
  lua_getfield(L, from, name);
  lua_pushcclosure(L, guarding, 2);
  lua_setfield(L, -2, name);
}

template <size_t N>
void add_refused(lua_State* L, const char* library, const Refused (&list)[N]) {
  for (const Refused& refused : list) {
    lua_pushfstring(L, "%s.%s", library, refused.name);
    lua_pushstring(L, refused.reason);
    lua_pushcclosure(L, guard<refuse_call>, 2);
    lua_setfield(L, -2, refused.name);
  }
}

/// globals.<name> = a new library, left on the stack.
void add_library(lua_State* L, int globals, const char* name) {
  lua_newtable(L);
  lua_pushvalue(L, -1);
  lua_setfield(L, globals, name);
}

void open_stock(lua_State* L, lua_CFunction open) {
  lua_pushcfunction(L, open);
  lua_call(L, 0, 0);
}

/// Compiled once per process.
const std::array<std::string, 4>& prelude() {
  static const std::array<std::string, 4> compiled = {
      compile_own("base", kPreludeBase), compile_own("coroutine", kPreludeCoroutine),
      compile_own("string", kPreludeString), compile_own("table", kPreludeTable)};
  return compiled;
}

void hide_string_metatable(lua_State* L, int globals) {
  lua_pushliteral(L, "");
  lua_createtable(L, 0, 2);
  lua_getfield(L, globals, "string");
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
}

void fix_globals(lua_State* L, int globals) {
  lua_createtable(L, 0, 3);
  lua_pushcfunction(L, guard<read_unknown>);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, guard<write_unknown>);
  lua_setfield(L, -2, "__newindex");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, globals);
}

}  // namespace

void open_sandbox(lua_State* L) {
  // The stock libraries go into globals that no script will see.
  lua_pushvalue(L, LUA_GLOBALSINDEX);
  int stock = lua_gettop(L);
  for (lua_CFunction open : {luaopen_base, luaopen_string, luaopen_math, luaopen_bit}) open_stock(L, open);
  lua_newtable(L);
  int globals = lua_gettop(L);

  copy_fields(L, stock, kPlainGlobals);
  put_in_front(L, stock, "tonumber", guard<to_number>);
  lua_getfield(L, stock, "math");
  add_library(L, globals, "math");
  int math = lua_gettop(L) - 1;
  copy_fields(L, math, kPlainMath);
  for (const char* name : {"max", "min"}) put_in_front(L, math, name, guard<with_numbers>);
  add_refused(L, "math", kRefusedMath);
  lua_getfield(L, stock, "bit");
  add_library(L, globals, "bit");
  int bit = lua_gettop(L) - 1;
  copy_fields(L, bit, kPlainBit);
  for (const char* name : {"band", "bor", "bxor"}) put_in_front(L, bit, name, guard<with_numbers>);
  add_library(L, globals, "string");
  add_refused(L, "string", kRefusedString);
  add_library(L, globals, "table");
  add_refused(L, "table", kRefusedTable);
  add_library(L, globals, "coroutine");
  lua_settop(L, globals);

  open_errors(L);
  lua_newtable(L);
  int native = lua_gettop(L);
  lua_getfield(L, stock, "pcall");
  lua_setfield(L, native, "raw_pcall");
  lua_getfield(L, stock, "coroutine");
  lua_setfield(L, native, "raw_coroutine");
  lua_getfield(L, stock, "string");
  lua_getfield(L, -1, "format");
  lua_setfield(L, native, "raw_format");
  lua_settop(L, native);
  for (auto add : {add_control, add_pauses, add_order, add_identity, add_metatables, add_require, add_strings,
                   add_searches, add_format, add_tables}) {
    add(L);
  }

  for (const std::string& bytecode : prelude()) {
    if (luaL_loadbufferx(L, bytecode.data(), bytecode.size(), "=prelude", "b") != 0) lua_error(L);
    lua_pushvalue(L, native);
    lua_pushvalue(L, globals);
    lua_call(L, 2, 0);
  }

  hide_string_metatable(L, globals);
  fix_globals(L, globals);
  lua_pushnil(L);
  lua_setfield(L, LUA_REGISTRYINDEX, "_LOADED");
  lua_pushvalue(L, globals);
  lua_replace(L, LUA_GLOBALSINDEX);
  lua_settop(L, 0);
}

}  // namespace cw::lua
