// A flow: a Lua file that returns one table, checked here before anything runs (docs/INTEGRATORS.md).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/bundle.h"

namespace cw::engine {

enum class ArgumentType : uint8_t { string, bytes, aid, integer, boolean, secret, cap, key };

struct ArgumentSpec {
  std::string name{};
  ArgumentType type = ArgumentType::string;
  std::string help{};
  bool optional = false;                // also when a default is given
  std::optional<std::string> preset{};  // default, as it would be written after --set name=
  std::optional<int64_t> min{};         // integer: value; else length in bytes
  std::optional<int64_t> max{};
  std::vector<std::string> values{};  // string: one of these
  bool operator==(const ArgumentSpec&) const = default;
};

struct Flow {
  std::string name{};
  std::string summary{};
  std::string file{};                     // bundle-relative
  std::string header{};                   // the comment at the top of the file, without dashes: usage, sample output
  std::vector<ArgumentSpec> args{};       // required first, then by name
  std::vector<std::string> needs_keys{};  // key sets, or "$arg": the set an argument of type key names
  std::vector<std::string> needs_backends{};
  std::string consent_domain{};  // argument of type aid: a domain that is not touched before those agree who have
                                 // something in it; absent in a run: the flavor's. Empty: none
  std::string consent_of{};      // argument of type string: who has, beside those that the store knows; "acme,nova"
};

std::string_view name_of(ArgumentType type);

/// Loads the flow in a state of its own and checks its table; nothing of it runs.
/// Raises script, with file and line: syntax error, missing or unknown field (names the nearest), wrong type. Raises
/// usage: no such flow. Raises budget: loading takes too long or too much.
Flow check_flow(const Bundle& bundle, std::string_view name);

/// The same for a state in which the chunk has been loaded and its result is on top of the stack, which stays.
Flow read_flow(lua_State* L, const lua::Chunk& chunk, std::string_view name);

}  // namespace cw::engine
