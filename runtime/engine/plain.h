// Plain data read out of a Lua state: what a policy file returns. Read raw, copied at once; nothing of the script runs.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include <lua.hpp>

namespace cw::engine {

struct Plain {
  using List = std::vector<Plain>;
  using Map = std::map<std::string, Plain>;
  std::variant<std::monostate, bool, double, std::string, List, Map> value{};

  template <class T>
  const T* as() const {
    return std::get_if<T>(&value);
  }
  /// Field of a map, or null.
  const Plain* get(const std::string& name) const;
  /// "a string", "a list": for messages.
  const char* type() const;
};

/// The value at `index`. An empty table is an empty map. Raises script: functions and handles, metatables, keys that
/// are neither 1..n nor strings, deeper than 16, more than 10,000 values.
Plain read_plain(lua_State* L, int index);

}  // namespace cw::engine
