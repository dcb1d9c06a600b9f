// string.format: the template is checked here, with the size of the result; tables print as their numbers of the run.
// Numbers are then written by the stock function. An object with __tostring is handed back to the Lua half, which calls
// it: no C function calls a script.
#include <cmath>
#include <string>

#include "impl_private.h"
#include "lua/stack.h"
#include "sandbox_private.h"
#include "strings_private.h"

namespace cw::lua {
namespace {

constexpr size_t kLongestNumberText = 512;  // %99.99f of the largest number
constexpr std::string_view kFlags = "-+ #0";
constexpr std::string_view kWithInteger = "cdiouxX";
constexpr std::string_view kWithNumber = "eEfFgGaA";

/// The conversion that starts behind '%': flags, width, precision, letter. Leaves `at` behind it.
char conversion(std::string_view format, size_t& at) {
  auto digits = [&] {
    for (int i = 0; i < 2 && at < format.size() && format[at] >= '0' && format[at] <= '9'; ++i) ++at;
  };
  size_t flags = 0;
  while (at < format.size() && kFlags.find(format[at]) != std::string_view::npos && ++flags <= kFlags.size()) ++at;
  digits();
  if (at < format.size() && format[at] == '.') {
    ++at;
    digits();
  }
  char letter = at < format.size() ? format[at] : '\0';
  ++at;
  if (letter == '\0' || std::string_view("cdiouxXeEfFgGaAqsp").find(letter) == std::string_view::npos) {
    throw Error(ErrorKind::usage, "string.format: conversion of unknown kind, or width over 99, in the template");
  }
  return letter;
}

[[noreturn]] void wrong(lua_State* L, int argument, const char* expected) {
  throw Error(ErrorKind::usage, "string.format: argument " + std::to_string(argument) + ": expected " + expected +
                                    ", got a " + luaL_typename(L, argument));
}

void check_number(lua_State* L, int argument, bool is_integer) {
  check_number_text(L, argument);
  if (lua_isnumber(L, argument) == 0) wrong(L, argument, "a number");
  double number = lua_tonumber(L, argument);
  if (is_integer && !(std::abs(number) <= 9223372036854774784.0)) {
    throw Error(ErrorKind::usage, "string.format: argument " + std::to_string(argument) + ": no integer of 64 bits");
  }
}

bool has_tostring(lua_State* L, int argument) {
  if (lua_getmetatable(L, argument) == 0) return false;
  lua_pushliteral(L, "__tostring");
  lua_rawget(L, -2);
  bool found = !lua_isnil(L, -1);
  lua_pop(L, 2);
  return found;
}

void print_in_place(lua_State* L, int argument) {
  int type = lua_type(L, argument);
  if (type == LUA_TBOOLEAN) {
    lua_pushstring(L, lua_toboolean(L, argument) != 0 ? "true" : "false");
  } else if (type == LUA_TNIL) {
    lua_pushliteral(L, "nil");
  } else {
    push_identity(L, argument);
  }
  lua_replace(L, argument);
}

/// format(template, ...): the text; or nil and the argument whose __tostring is to be called.
int format(lua_State* L) {
  std::string checked(string_argument(L, 1));
  size_t size = checked.size();
  int argument = 1;
  for (size_t at = 0; at < checked.size();) {
    if (checked[at++] != '%') continue;
    if (at < checked.size() && checked[at] == '%') {
      ++at;
      continue;
    }
    char letter = conversion(checked, at);
    if (++argument > lua_gettop(L)) {
      throw Error(ErrorKind::usage, "string.format: argument " + std::to_string(argument) + " is missing");
    }
    size += kLongestNumberText;
    if (kWithInteger.find(letter) != std::string_view::npos) {
      check_number(L, argument, true);
    } else if (kWithNumber.find(letter) != std::string_view::npos) {
      check_number(L, argument, false);
    } else if (letter == 'q') {
      if (lua_type(L, argument) != LUA_TSTRING) wrong(L, argument, "a string");
      size += 4 * lua_objlen(L, argument);
    } else {
      if (letter == 'p') {
        if (lua_isstring(L, argument) != 0) wrong(L, argument, "something that has an identity");
        checked[at - 1] = 's';
      } else if (has_tostring(L, argument)) {
        lua_pushnil(L);
        lua_pushnumber(L, argument - 1);
        return 2;
      }
      if (lua_isstring(L, argument) == 0) print_in_place(L, argument);
      size += string_argument(L, argument).size();
    }
  }
  check_length("string.format", size - std::min(size, kLongestNumberText * static_cast<size_t>(argument - 1)));
  charge(L, size / kBytesPerInstruction);
  push(L, std::string_view(checked));
  lua_replace(L, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 1);
  return 1;
}

}  // namespace

void add_format(lua_State* L) {
  lua_getfield(L, -1, "raw_format");
  lua_pushcclosure(L, guard<format>, 1);
  lua_setfield(L, -2, "format");
}

}  // namespace cw::lua
