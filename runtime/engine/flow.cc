#include "engine/flow.h"

#include <algorithm>
#include <array>

#include "base/suggest.h"
#include "engine/load_state.h"
#include "engine/table_reader.h"

namespace cw::engine {

namespace {

constexpr std::array<std::pair<std::string_view, ArgumentType>, 8> kTypes = {{
    {"string", ArgumentType::string},
    {"bytes", ArgumentType::bytes},
    {"aid", ArgumentType::aid},
    {"integer", ArgumentType::integer},
    {"boolean", ArgumentType::boolean},
    {"secret", ArgumentType::secret},
    {"cap", ArgumentType::cap},
    {"key", ArgumentType::key},
}};

ArgumentSpec read_argument(lua_State* L, const TableReader& reader, const std::string& name) {
  const std::string what = "args." + name;
  reader.require_table(-1, name, what);
  reader.check_fields(-1, what, {"type", "help", "optional", "default", "min", "max", "values"});
  ArgumentSpec spec;
  spec.name = name;
  const std::string type = reader.text(-1, "type", what, true);
  const auto found = std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& row) { return row.first == type; });
  if (found == kTypes.end()) {
    std::vector<std::string> names;
    for (const auto& row : kTypes) names.emplace_back(row.first);
    reader.fail(name, what + ": there is no argument type '" + type + "'" + did_you_mean(type, names));
  }
  spec.type = found->second;
  spec.help = reader.text(-1, "help", what, false);
  spec.optional = reader.boolean(-1, "optional", what);
  spec.min = reader.integer(-1, "min", what);
  spec.max = reader.integer(-1, "max", what);
  spec.values = reader.list(-1, "values", what);
  if (reader.get(-1, "default")) {
    spec.optional = true;
    if (spec.type == ArgumentType::secret || spec.type == ArgumentType::cap) {
      reader.fail(name, what + ": a " + type + " has no default");
    }
    if (lua_isboolean(L, -1)) {
      spec.preset = lua_toboolean(L, -1) ? "true" : "false";
    } else if (lua_type(L, -1) == LUA_TNUMBER) {
      spec.preset = std::to_string(static_cast<int64_t>(lua_tonumber(L, -1)));
    } else if (lua_type(L, -1) == LUA_TSTRING) {
      size_t size = 0;
      const char* value = lua_tolstring(L, -1, &size);
      spec.preset = std::string(value, size);
    } else {
      reader.fail(name, what + ".default must be a string, a number or a boolean");
    }
  }
  lua_pop(L, 1);
  return spec;
}

/// `consent` of flow.needs, which is on top of the stack: names of arguments, as "$name".
void read_consent(lua_State* L, const TableReader& reader, Flow& flow) {
  if (reader.get(-1, "consent")) {
    const std::string what = "flow.needs.consent";
    reader.require_table(-1, "consent", what);
    reader.check_fields(-1, what, {"domain", "of"});
    const auto argument = [&](const char* field, bool required, ArgumentType type) -> std::string {
      const std::string text = reader.text(-1, field, what, required);
      if (text.empty()) return {};
      for (const ArgumentSpec& spec : flow.args) {
        if (text == "$" + spec.name && spec.type == type) return spec.name;
      }
      reader.fail(field, what + "." + field + " must be \"$\" and the name of an argument of type " +
                             std::string(name_of(type)));
    };
    flow.consent_domain = argument("domain", true, ArgumentType::aid);
    flow.consent_of = argument("of", false, ArgumentType::string);
  }
  lua_pop(L, 1);
}

/// The comment block at the top of a flow, without its dashes.
std::string header_of(const std::string& text) {
  std::string out;
  size_t at = 0;
  while (text.compare(at, 2, "--") == 0) {
    const size_t end = std::min(text.find('\n', at), text.size());
    size_t begin = text.find_first_not_of('-', at);
    if (begin == std::string::npos || begin > end) begin = end;
    if (begin < end && text[begin] == ' ') ++begin;
    out += text.substr(begin, end - begin) + "\n";
    at = std::min(end + 1, text.size());
  }
  return out;
}

}  // namespace

std::string_view name_of(ArgumentType type) {
  for (const auto& [name, value] : kTypes) {
    if (value == type) return name;
  }
  return "?";
}

Flow read_flow(lua_State* L, const lua::Chunk& chunk, std::string_view name) {
  const TableReader reader(L, chunk);
  if (!lua_istable(L, -1)) {
    reader.fail("", std::string("a flow file must return a table {name, summary, args, needs, run}, and returns a ") +
                        luaL_typename(L, -1));
  }
  luaL_checkstack(L, 16, "flow");
  reader.require_table(-1, "", "the flow");
  reader.check_fields(-1, "flow", {"name", "summary", "args", "needs", "run"});

  Flow flow;
  flow.file = chunk.name;
  flow.header = header_of(chunk.text);
  flow.name = reader.text(-1, "name", "flow", true);
  flow.summary = reader.text(-1, "summary", "flow", true);
  if (chunk.name == "scripts/" + std::string(name) + ".lua" && flow.name != name) {
    reader.fail("name",
                "the flow calls itself '" + flow.name + "' but its file is that of '" + std::string(name) + "'");
  }
  if (!reader.get(-1, "run")) reader.fail("", "flow: the field 'run' is missing");
  if (!lua_isfunction(L, -1)) reader.fail("run", "flow.run must be a function");
  lua_pop(L, 1);

  if (reader.get(-1, "args")) {
    reader.require_table(-1, "args", "flow.args");
    for (const std::string& key : reader.keys(-1, "flow.args")) {
      reader.get(-1, key.c_str());
      flow.args.push_back(read_argument(L, reader, key));
      lua_pop(L, 1);
    }
  }
  lua_pop(L, 1);
  std::stable_sort(flow.args.begin(), flow.args.end(),
                   [](const ArgumentSpec& a, const ArgumentSpec& b) { return a.optional < b.optional; });

  if (reader.get(-1, "needs")) {
    reader.require_table(-1, "needs", "flow.needs");
    reader.check_fields(-1, "flow.needs", {"keys", "backends", "consent"});
    flow.needs_keys = reader.list(-1, "keys", "flow.needs");
    flow.needs_backends = reader.list(-1, "backends", "flow.needs");
    read_consent(L, reader, flow);
  }
  lua_pop(L, 1);
  return flow;
}

Flow check_flow(const Bundle& bundle, std::string_view name) {
  const lua::Chunk& chunk = bundle.flow(name);
  LoadState state(bundle);
  return read_flow(state.load(chunk), chunk, name);
}

}  // namespace cw::engine
