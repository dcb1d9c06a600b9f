#include "engine/table_reader.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/suggest.h"

namespace cw::engine {

void TableReader::fail(std::string_view field, const std::string& what) const {
  const size_t line = line_of(field);
  throw Error(ErrorKind::script, chunk_.name + ":" + (line ? std::to_string(line) + ": " : " ") + what);
}

void TableReader::require_table(int index, std::string_view field, const std::string& what) const {
  if (!lua_istable(L_, index)) fail(field, what + " must be a table, and is a " + luaL_typename(L_, index));
  if (lua_getmetatable(L_, index)) fail(field, what + " must be a plain table, and has a metatable");
}

void TableReader::check_fields(int index, const std::string& what, const std::vector<std::string>& known) const {
  for (const std::string& key : keys(index, what)) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      fail(key, what + ": unknown field '" + key + "'" + did_you_mean(key, known));
    }
  }
}

std::vector<std::string> TableReader::keys(int index, const std::string& what) const {
  if (index < 0) index = lua_gettop(L_) + 1 + index;
  std::vector<std::string> out;
  lua_pushnil(L_);
  while (lua_next(L_, index)) {
    lua_pop(L_, 1);
    if (lua_type(L_, -1) != LUA_TSTRING) fail("", what + ": names only, and there is a " + luaL_typename(L_, -1));
    size_t size = 0;
    const char* text = lua_tolstring(L_, -1, &size);
    out.emplace_back(text, size);
  }
  std::sort(out.begin(), out.end());
  return out;
}

bool TableReader::get(int index, const char* name) const {
  if (index < 0) index = lua_gettop(L_) + 1 + index;
  lua_pushstring(L_, name);
  lua_rawget(L_, index);
  return !lua_isnil(L_, -1);
}

std::string TableReader::text(int index, const char* name, const std::string& what, bool required) const {
  std::string out;
  if (get(index, name)) {
    if (lua_type(L_, -1) != LUA_TSTRING) {
      fail(name, what + "." + name + " must be a string, and is a " + luaL_typename(L_, -1));
    }
    size_t size = 0;
    const char* value = lua_tolstring(L_, -1, &size);
    out.assign(value, size);
  } else if (required) {
    fail("", what + ": the field '" + name + "' is missing");
  }
  lua_pop(L_, 1);
  return out;
}

std::vector<std::string> TableReader::list(int index, const char* name, const std::string& what) const {
  std::vector<std::string> out;
  if (get(index, name)) {
    require_table(-1, name, what + "." + name);
    const size_t count = lua_objlen(L_, -1);
    for (size_t i = 1; i <= std::min<size_t>(count, 256); ++i) {
      lua_rawgeti(L_, -1, static_cast<int>(i));
      if (lua_type(L_, -1) != LUA_TSTRING) fail(name, what + "." + name + " must be a list of strings");
      size_t size = 0;
      const char* value = lua_tolstring(L_, -1, &size);
      out.emplace_back(value, size);
      lua_pop(L_, 1);
    }
  }
  lua_pop(L_, 1);
  return out;
}

std::optional<int64_t> TableReader::integer(int index, const char* name, const std::string& what) const {
  std::optional<int64_t> out;
  if (get(index, name)) {
    const double value = lua_tonumber(L_, -1);
    if (lua_type(L_, -1) != LUA_TNUMBER || value != std::floor(value) || std::abs(value) > 9e15) {
      fail(name, what + "." + name + " must be a whole number");
    }
    out = static_cast<int64_t>(value);
  }
  lua_pop(L_, 1);
  return out;
}

bool TableReader::boolean(int index, const char* name, const std::string& what) const {
  bool out = false;
  if (get(index, name)) {
    if (!lua_isboolean(L_, -1)) fail(name, what + "." + name + " must be true or false");
    out = lua_toboolean(L_, -1) != 0;
  }
  lua_pop(L_, 1);
  return out;
}

size_t TableReader::line_of(std::string_view field) const {
  if (field.empty()) return 0;
  size_t line = 1;
  for (size_t at = 0; at < chunk_.text.size(); ++line) {
    const size_t end = std::min(chunk_.text.find('\n', at), chunk_.text.size());
    const std::string_view row = std::string_view(chunk_.text).substr(at, end - at);
    const size_t found = row.find(field);
    if (found != std::string_view::npos && !row.substr(0, found).starts_with("--")) {
      const size_t after = row.find_first_not_of(" \t\"']", found + field.size());
      if (after != std::string_view::npos && row[after] == '=') return line;
    }
    at = end + 1;
  }
  return 0;
}

}  // namespace cw::engine
