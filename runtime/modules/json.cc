#include <cmath>
#include <utility>
#include <vector>

#include "arguments_private.h"
#include "json_private.h"
#include "lua/stack.h"
#include "lua/state.h"
#include "open_private.h"

namespace cw::modules {

namespace {

using nlohmann::json;

constexpr int kMaxDepth = 64;
constexpr size_t kMaxValues = 100'000;
constexpr size_t kMaxText = 1u << 20;
constexpr double kExact = 9007199254740992.0;  // 2^53: whole numbers up to here are exact in Lua

// Which tables are arrays, also when empty: a weak table in the registry, so that the tables themselves stay plain.
const char kArrays = 0;

void push_arrays(lua_State* L) {
  lua_pushlightuserdata(L, const_cast<char*>(&kArrays));
  lua_rawget(L, LUA_REGISTRYINDEX);
  if (lua_istable(L, -1)) return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_newtable(L);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_pushlightuserdata(L, const_cast<char*>(&kArrays));
  lua_pushvalue(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

/// Marks the table on top of the stack.
void mark_array(lua_State* L) {
  push_arrays(L);
  lua_pushvalue(L, -2);
  lua_pushboolean(L, true);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

bool is_marked(lua_State* L, int index) {
  push_arrays(L);
  lua_pushvalue(L, index);
  lua_rawget(L, -2);
  const bool marked = lua_toboolean(L, -1);
  lua_pop(L, 2);
  return marked;
}

/// Lua to JSON. Which error is raised must not depend on the order of a table's keys, so keys are gathered and sorted
/// before any value is looked at.
class Encoder {
 public:
  Encoder(lua_State* L, std::string_view place) : L_(L), path_(place) {}

  json value(int index, int depth) {
    lua::charge(L_, 10);
    if (++values_ > kMaxValues) fail("more than 100000 values");
    switch (lua_type(L_, index)) {
      case LUA_TNIL:
        return nullptr;
      case LUA_TBOOLEAN:
        return static_cast<bool>(lua_toboolean(L_, index));
      case LUA_TNUMBER:
        return number(lua_tonumber(L_, index));
      case LUA_TSTRING:
        return string(index);
      case LUA_TTABLE:
        return table(index, depth);
      case LUA_TLIGHTUSERDATA:
        if (!lua_touserdata(L_, index)) return nullptr;  // json.null
        [[fallthrough]];
      default:
        fail(std::string("a ") + lua_typename(L_, lua_type(L_, index)) + " has no JSON form");
    }
  }

 private:
  [[noreturn]] void fail(const std::string& why) { throw Error(ErrorKind::usage, path_ + ": " + why); }

  json number(double number) {
    if (!std::isfinite(number)) fail("a number that is not finite has no JSON form");
    if (number != std::floor(number)) return number;
    if (std::fabs(number) > kExact) fail("a whole number beyond 2^53 is not exact; use a string");
    return static_cast<int64_t>(number);
  }

  json string(int index) {
    size_t size = 0;
    const char* data = lua_tolstring(L_, index, &size);
    bytes_ += size;
    if (bytes_ > kMaxText) fail("more than 1 MiB of text");
    charge_bytes(L_, size);
    return std::string(data, size);
  }

  json table(int index, int depth) {
    if (depth >= kMaxDepth) fail("deeper than 64 tables, or a table that holds itself");
    luaL_checkstack(L_, 8, "too many nested tables");
    if (lua_getmetatable(L_, index)) fail("a table with a metatable has no JSON form");
    std::vector<std::string> names;
    size_t numbered = 0;
    bool other = false;
    lua_pushnil(L_);
    while (lua_next(L_, index)) {
      lua_pop(L_, 1);
      lua::charge(L_, 5);
      if (lua_type(L_, -1) == LUA_TSTRING) {
        size_t size = 0;
        const char* data = lua_tolstring(L_, -1, &size);
        names.emplace_back(data, size);
        bytes_ += size;
        if (bytes_ > kMaxText) fail("more than 1 MiB of text");
      } else {
        other = other || lua_type(L_, -1) != LUA_TNUMBER;
        ++numbered;
      }
    }
    const bool marked = is_marked(L_, index);
    if (other || (!names.empty() && (numbered > 0 || marked))) fail("keys must be all names, or 1..n without holes");
    return names.empty() && (numbered > 0 || marked) ? array(index, numbered, depth)
                                                     : object(index, std::move(names), depth);
  }

  json array(int index, size_t size, int depth) {
    json out = json::array();
    const std::string path = path_;
    for (size_t i = 1; i <= size; ++i) {
      path_ = path + "[" + std::to_string(i) + "]";
      lua_rawgeti(L_, index, static_cast<int>(i));
      if (lua_isnil(L_, -1)) fail("keys must be all names, or 1..n without holes");
      out.push_back(value(lua_gettop(L_), depth + 1));
      lua_pop(L_, 1);
    }
    path_ = path;
    return out;
  }

  json object(int index, std::vector<std::string> names, int depth) {
    std::sort(names.begin(), names.end());
    json out = json::object();
    const std::string path = path_;
    for (std::string& name : names) {
      path_ = path + "." + name.substr(0, 64);
      lua_pushlstring(L_, name.data(), name.size());
      lua_rawget(L_, index);
      out[std::move(name)] = value(lua_gettop(L_), depth + 1);
      lua_pop(L_, 1);
    }
    path_ = path;
    return out;
  }

  lua_State* L_;
  std::string path_;
  size_t values_ = 0;
  size_t bytes_ = 0;
};

/// What nlohmann says, without its name and number: "[json.exception.parse_error.101] parse error at ...".
std::string reason_of(const json::exception& error) {
  const std::string text = error.what();
  const size_t end = text.find("] ");
  return end == std::string::npos ? text : text.substr(end + 2);
}

json parse(std::string_view text) {
  size_t values = 0;
  const auto bounded = [&values](int depth, json::parse_event_t event, const json&) {
    using Event = json::parse_event_t;
    if (event == Event::object_end || event == Event::array_end) return true;
    if ((event == Event::object_start || event == Event::array_start) && depth >= kMaxDepth)
      throw Error(ErrorKind::usage, "json.decode: the text is deeper than 64 levels");
    if (++values > kMaxValues) throw Error(ErrorKind::usage, "json.decode: the text has more than 100000 values");
    return true;
  };
  try {
    return json::parse(text, bounded);
  } catch (const json::exception& error) {
    throw Error(ErrorKind::usage, "json.decode: not JSON: " + reason_of(error));
  }
}

double lua_number(const json& value) {
  const auto number = value.get<double>();
  // Beyond 2^53 a whole number may be rounded to its neighbour: refuse it rather than change it. One above 2^53 itself
  // is rounded to 2^53, so whole numbers are compared as such.
  const bool exact = value.is_number_unsigned()  ? value.get<uint64_t>() <= static_cast<uint64_t>(kExact)
                     : value.is_number_integer() ? value.get<int64_t>() >= -static_cast<int64_t>(kExact)
                                                 : number != std::floor(number) || std::fabs(number) <= kExact;
  if (!exact) {
    throw Error(ErrorKind::usage, "json.decode: the number " + value.dump() + " is too large to be exact");
  }
  return number;
}

/// Depth is bounded by parse().
void push_json(lua_State* L, const json& value) {
  luaL_checkstack(L, 8, "too many nested values");
  switch (value.type()) {
    case json::value_t::null:
    case json::value_t::discarded:
      lua_pushlightuserdata(L, nullptr);
      return;
    case json::value_t::boolean:
      lua_pushboolean(L, value.get<bool>());
      return;
    case json::value_t::number_integer:
    case json::value_t::number_unsigned:
    case json::value_t::number_float:
      lua_pushnumber(L, lua_number(value));
      return;
    case json::value_t::string:
      lua::push(L, std::string_view(value.get_ref<const std::string&>()));
      return;
    case json::value_t::binary:
      return;  // not in JSON text
    case json::value_t::array: {
      lua_createtable(L, static_cast<int>(value.size()), 0);
      mark_array(L);
      int at = 0;
      for (const json& item : value) {
        push_json(L, item);
        lua_rawseti(L, -2, ++at);
      }
      return;
    }
    case json::value_t::object: {
      lua_createtable(L, 0, static_cast<int>(value.size()));
      for (const auto& [name, item] : value.items()) {
        lua::push(L, std::string_view(name));
        push_json(L, item);
        lua_rawset(L, -3);
      }
      return;
    }
  }
}

int encode(lua_State* L) {
  lua_settop(L, 1);
  const std::string text = json_text(to_json(L, 1, "json.encode: value"), "json.encode");
  charge_bytes(L, text.size());
  lua::push(L, std::string_view(text));
  return 1;
}

int decode(lua_State* L) {
  push_json_text(L, lua::text(L, 1));
  return 1;
}

int array(lua_State* L) {
  if (lua_type(L, 1) != LUA_TTABLE) bad_value(L, 1, "json.array: argument 1", "a table");
  lua_settop(L, 1);
  mark_array(L);
  return 1;
}

}  // namespace

json to_json(lua_State* L, int index, std::string_view place) { return Encoder(L, place).value(index, 0); }

std::string json_text(const json& value, std::string_view place) {
  std::string text;
  try {
    text = value.dump();
  } catch (const json::exception&) {
    throw Error(ErrorKind::usage, std::string(place) + ": text that is not UTF-8; write bytes with hex.encode");
  }
  if (text.size() > kMaxText) throw Error(ErrorKind::usage, std::string(place) + ": the JSON text is over 1 MiB");
  return text;
}

void push_json_text(lua_State* L, std::string_view text) {
  charge_bytes(L, 16 * text.size());
  push_json(L, parse(text));
}

int open_json(lua_State* L) {
  lua::push_module(L, {{"encode", lua::guard<encode>}, {"decode", lua::guard<decode>}, {"array", lua::guard<array>}});
  lua_pushlightuserdata(L, nullptr);
  lua_setfield(L, -2, "null");
  return 1;
}

}  // namespace cw::modules
