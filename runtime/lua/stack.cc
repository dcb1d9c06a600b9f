#include "lua/stack.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "impl_private.h"
#include "stack_private.h"

namespace cw::lua {
namespace {

/// The native function that runs, by the name it has for scripts; push_module keeps it as the first upvalue.
std::string function_name(lua_State* L) {
  lua_Debug frame{};
  if (lua_getstack(L, 0, &frame) == 0) return "native call";
  if (lua_type(L, lua_upvalueindex(1)) == LUA_TSTRING) return lua_tostring(L, lua_upvalueindex(1));
  lua_getinfo(L, "n", &frame);
  return frame.name != nullptr ? frame.name : "native call";
}

[[noreturn]] void wrong_field(lua_State* L, const char* name, const std::string& problem) {
  throw Error(ErrorKind::usage, function_name(L) + ": field '" + name + "': " + problem);
}

std::string check_size(size_t size, size_t min, size_t max) {
  if (size >= min && size <= max) return {};
  std::string range = min == max ? std::to_string(min) : std::to_string(min) + " to " + std::to_string(max);
  return "expected " + range + " bytes, got " + std::to_string(size);
}

/// Empty, or what is wrong with the number at `index`.
std::string check_integer(lua_State* L, int index, int64_t min, int64_t max) {
  if (lua_type(L, index) != LUA_TNUMBER) return expected(L, index, "a whole number");
  double number = lua_tonumber(L, index);
  if (std::floor(number) != number || std::isinf(number)) return "expected a whole number, got a fraction";
  constexpr double kTooLarge = 9223372036854775808.0;  // 2^63: static_cast<double>(max) may have rounded up to it
  if (number < static_cast<double>(min) || number > static_cast<double>(max) || number >= kTooLarge) {
    return "expected " + std::to_string(min) + " to " + std::to_string(max);
  }
  return {};
}

std::string_view string_at(lua_State* L, int index) {
  size_t size = 0;
  const char* data = lua_tolstring(L, index, &size);
  return {data, size};
}

/// Pushes the field of the table on top, read raw.
void push_field(lua_State* L, const char* name) {
  lua_pushstring(L, name);
  lua_rawget(L, -2);
}

void push_field(lua_State* L, int index, const char* name) {
  lua_pushvalue(L, index);
  push_field(L, name);
  lua_remove(L, -2);
}

std::string_view string_field(lua_State* L, const char* name, const char* what, size_t min, size_t max) {
  if (lua_isnil(L, -1)) return {};
  if (lua_type(L, -1) != LUA_TSTRING) wrong_field(L, name, expected(L, -1, what));
  std::string_view value = string_at(L, -1);
  std::string problem = check_size(value.size(), min, max);
  if (!problem.empty()) wrong_field(L, name, problem);
  return value;
}

}  // namespace

std::string expected(lua_State* L, int index, const char* what) {
  int type = lua_type(L, index);
  std::string got = type == LUA_TNONE || type == LUA_TNIL ? "nothing" : std::string("a ") + lua_typename(L, type);
  return std::string("expected ") + what + ", got " + got;
}

void wrong_argument(lua_State* L, int index, const std::string& problem) {
  throw Error(ErrorKind::usage, function_name(L) + ": argument " + std::to_string(index) + ": " + problem);
}

void push_module(lua_State* L, const std::vector<Function>& functions) {
  const std::string& module = impl_of(L).opening;
  lua_createtable(L, 0, static_cast<int>(functions.size()));
  for (const Function& function : functions) push_function(L, module.empty() ? "" : module + ".", function);
}

void push_function(lua_State* L, const std::string& prefix, const Function& function) {
  luaL_checkstack(L, 4, "native function");
  lua_pushstring(L, function.name);
  if (function.waits) push_kept(L, kSettleTag);
  push(L, std::string_view(prefix + function.name));
  lua_pushcclosure(L, function.function, 1);
  if (function.waits) lua_call(L, 1, 1);
  lua_rawset(L, -3);
}

ByteView bytes(lua_State* L, int index, size_t min, size_t max) {
  if (lua_type(L, index) != LUA_TSTRING) wrong_argument(L, index, expected(L, index, "bytes"));
  std::string_view value = string_at(L, index);
  std::string problem = check_size(value.size(), min, max);
  if (!problem.empty()) wrong_argument(L, index, problem);
  return view(value);
}

std::string_view text(lua_State* L, int index, size_t max) {
  if (lua_type(L, index) != LUA_TSTRING) wrong_argument(L, index, expected(L, index, "text"));
  std::string_view value = string_at(L, index);
  std::string problem = check_size(value.size(), 0, max);
  if (!problem.empty()) wrong_argument(L, index, problem);
  return value;
}

int64_t integer(lua_State* L, int index, int64_t min, int64_t max) {
  std::string problem = check_integer(L, index, min, max);
  if (!problem.empty()) wrong_argument(L, index, problem);
  return static_cast<int64_t>(lua_tonumber(L, index));
}

bool is_absent(lua_State* L, int index) { return lua_isnoneornil(L, index); }

void check_table(lua_State* L, int index, std::initializer_list<const char*> known_fields) {
  if (lua_type(L, index) != LUA_TTABLE) wrong_argument(L, index, expected(L, index, "a table"));
  if (lua_getmetatable(L, index) != 0) wrong_argument(L, index, "expected a plain table, got one with a metatable");
  // The least unknown field, not the first met: the order of a table differs from state to state.
  std::string unknown;
  lua_pushvalue(L, index);
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    lua_pop(L, 1);
    std::string name = lua_type(L, -1) == LUA_TSTRING ? std::string(string_at(L, -1)) : luaL_typename(L, -1);
    bool known = lua_type(L, -1) == LUA_TSTRING && std::any_of(known_fields.begin(), known_fields.end(),
                                                               [&](const char* field) { return name == field; });
    if (!known && (unknown.empty() || name < unknown)) unknown = name.empty() ? " " : name;
    charge(L, 1);
  }
  lua_pop(L, 1);
  if (!unknown.empty()) wrong_argument(L, index, "unknown field '" + unknown.substr(0, 64) + "'");
}

bool has_field(lua_State* L, int index, const char* name) {
  push_field(L, index, name);
  bool present = !lua_isnil(L, -1);
  lua_pop(L, 1);
  return present;
}

int64_t integer_field(lua_State* L, int index, const char* name, int64_t min, int64_t max) {
  push_field(L, index, name);
  std::string problem = check_integer(L, -1, min, max);
  if (!problem.empty()) wrong_field(L, name, problem);
  auto value = static_cast<int64_t>(lua_tonumber(L, -1));
  lua_pop(L, 1);
  return value;
}

int64_t integer_field(lua_State* L, int index, const char* name, int64_t min, int64_t max, int64_t absent) {
  return has_field(L, index, name) ? integer_field(L, index, name, min, max) : absent;
}

Bytes bytes_field(lua_State* L, int index, const char* name, size_t min, size_t max) {
  push_field(L, index, name);
  Bytes value = to_bytes(string_field(L, name, "bytes", min, max));
  lua_pop(L, 1);
  return value;
}

std::string text_field(lua_State* L, int index, const char* name, size_t max) {
  push_field(L, index, name);
  std::string value(string_field(L, name, "text", 0, max));
  lua_pop(L, 1);
  return value;
}

bool bool_field(lua_State* L, int index, const char* name, bool absent) {
  push_field(L, index, name);
  if (!lua_isnil(L, -1) && !lua_isboolean(L, -1)) wrong_field(L, name, expected(L, -1, "true or false"));
  bool value = lua_isnil(L, -1) ? absent : lua_toboolean(L, -1) != 0;
  lua_pop(L, 1);
  return value;
}

void push(lua_State* L, ByteView bytes) { push(L, text_view(bytes)); }
void push(lua_State* L, std::string_view text) { lua_pushlstring(L, text.empty() ? "" : text.data(), text.size()); }

void set_field(lua_State* L, const char* name, ByteView bytes) { set_field(L, name, text_view(bytes)); }

void set_field(lua_State* L, const char* name, std::string_view text) {
  lua_pushstring(L, name);
  push(L, text);
  lua_rawset(L, -3);
}

void set_field(lua_State* L, const char* name, int64_t number) {
  lua_pushstring(L, name);
  lua_pushnumber(L, static_cast<lua_Number>(number));
  lua_rawset(L, -3);
}

void set_field(lua_State* L, const char* name, bool value) {
  lua_pushstring(L, name);
  lua_pushboolean(L, value ? 1 : 0);
  lua_rawset(L, -3);
}

}  // namespace cw::lua
