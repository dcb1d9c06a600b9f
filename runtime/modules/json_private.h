// Between Lua values and JSON: exact, deterministic, bounded.
#pragma once

#include <string>
#include <string_view>

#include <lua.hpp>
#include <nlohmann/json.hpp>

namespace cw::modules {

/// The value at `index`. Raises usage naming `place` and the path: what the json stub says.
nlohmann::json to_json(lua_State* L, int index, std::string_view place);
/// One line, keys sorted. Raises usage: not UTF-8, over 1 MiB.
std::string json_text(const nlohmann::json& value, std::string_view place);
/// Leaves the value of a JSON text on the stack, as json.decode does, and charges for it.
void push_json_text(lua_State* L, std::string_view text);

}  // namespace cw::modules
