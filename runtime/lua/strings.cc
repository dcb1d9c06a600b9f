// string, without patterns and format: as in stock Lua for ASCII, with lengths capped and charged.
#include <algorithm>
#include <cmath>
#include <string>

#include "impl_private.h"
#include "lua/stack.h"
#include "sandbox_private.h"
#include "stack_private.h"
#include "strings_private.h"

namespace cw::lua {

std::string_view string_argument(lua_State* L, int argument) {
  if (lua_isstring(L, argument) == 0) {
    wrong_argument(L, argument, expected(L, argument, "a string"));
  }
  size_t size = 0;
  const char* data = lua_tolstring(L, argument, &size);
  return {data, size};
}

int64_t position_argument(lua_State* L, int argument, int64_t absent) {
  if (is_absent(L, argument)) return absent;
  check_number_text(L, argument);
  if (lua_isnumber(L, argument) == 0) {
    wrong_argument(L, argument, expected(L, argument, "a number"));
  }
  double number = lua_tonumber(L, argument);
  constexpr double kFar = 1e15;
  return std::isnan(number) ? 0 : static_cast<int64_t>(std::clamp(number, -kFar, kFar));
}

void check_number_text(lua_State* L, int argument) {
  constexpr size_t kLongest = 256;
  if (lua_type(L, argument) == LUA_TSTRING && lua_objlen(L, argument) > kLongest) {
    wrong_argument(L, argument, "a text of " + std::to_string(lua_objlen(L, argument)) + " bytes for a number");
  }
}

void check_length(const char* doing, size_t length) {
  if (length > kLongestString) {
    throw Error(ErrorKind::usage, std::string(doing) + ": the result would be over 1 MiB");
  }
}

namespace {

void charge_bytes(lua_State* L, size_t bytes) { charge(L, bytes / kBytesPerInstruction); }

int len(lua_State* L) {
  lua_pushnumber(L, static_cast<lua_Number>(string_argument(L, 1).size()));
  return 1;
}

/// Resolves first and last (from the end when negative) to a part of `text`.
std::string_view part(std::string_view text, int64_t first, int64_t last) {
  auto size = static_cast<int64_t>(text.size());
  if (first < 0) first = std::max<int64_t>(first + size + 1, 1);
  if (last < 0) last += size + 1;
  first = std::max<int64_t>(first, 1);
  last = std::min(last, size);
  if (first > last) return {};
  return text.substr(static_cast<size_t>(first - 1), static_cast<size_t>(last - first + 1));
}

int sub(lua_State* L) {
  std::string_view s = part(string_argument(L, 1), position_argument(L, 2, 1), position_argument(L, 3, -1));
  charge_bytes(L, s.size());
  push(L, s);
  return 1;
}

int byte(lua_State* L) {
  int64_t first = position_argument(L, 2, 1);
  std::string_view s = part(string_argument(L, 1), first, position_argument(L, 3, first));
  constexpr size_t kMostResults = 7999;
  if (s.size() > kMostResults || lua_checkstack(L, static_cast<int>(s.size())) == 0) {
    throw Error(ErrorKind::usage, "string.byte: " + std::to_string(s.size()) + " values are too many");
  }
  charge(L, s.size());
  for (char c : s) lua_pushnumber(L, static_cast<unsigned char>(c));
  return static_cast<int>(s.size());
}

int make_char(lua_State* L) {
  std::string s;
  for (int i = 1; i <= lua_gettop(L); ++i) s.push_back(static_cast<char>(integer(L, i, 0, 255)));
  charge_bytes(L, s.size());
  push(L, std::string_view(s));
  return 1;
}

template <typename Change>
int changed(lua_State* L, Change change) {
  std::string s(string_argument(L, 1));
  charge_bytes(L, s.size());
  change(s);
  push(L, std::string_view(s));
  return 1;
}

int lower(lua_State* L) {
  return changed(L, [](std::string& s) {
    for (char& c : s) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
}

int upper(lua_State* L) {
  return changed(L, [](std::string& s) {
    for (char& c : s) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  });
}

int reverse(lua_State* L) {
  return changed(L, [](std::string& s) { std::reverse(s.begin(), s.end()); });
}

int rep(lua_State* L) {
  std::string_view s = string_argument(L, 1);
  int64_t count = std::max<int64_t>(position_argument(L, 2, 0), 0);
  std::string_view separator = is_absent(L, 3) ? std::string_view() : string_argument(L, 3);
  size_t each = s.size() + separator.size();
  if (each == 0 || count == 0) {
    push(L, std::string_view());
    return 1;
  }
  if (count > static_cast<int64_t>(kLongestString)) check_length("string.rep", kLongestString + 1);
  size_t size = each * static_cast<size_t>(count) - separator.size();
  check_length("string.rep", size);
  charge_bytes(L, size);
  std::string repeated;
  repeated.reserve(size);
  for (int64_t i = 0; i < count; ++i) {
    if (i > 0) repeated += separator;
    repeated += s;
  }
  push(L, std::string_view(repeated));
  return 1;
}

}  // namespace

void add_strings(lua_State* L) {
  const luaL_Reg functions[] = {{"len", guard<len>},         {"sub", guard<sub>},     {"byte", guard<byte>},
                                {"char", guard<make_char>},  {"lower", guard<lower>}, {"upper", guard<upper>},
                                {"reverse", guard<reverse>}, {"rep", guard<rep>},     {nullptr, nullptr}};
  luaL_register(L, nullptr, functions);
}

}  // namespace cw::lua
