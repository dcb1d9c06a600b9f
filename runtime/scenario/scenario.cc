#include "scenario/scenario.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/suggest.h"
#include "engine/load_state.h"
#include "engine/table_reader.h"
#include "scenario/capabilities.h"
#include "se/flavor.h"

namespace cw::scenario {

namespace {

namespace fs = std::filesystem;

void check_known(const engine::TableReader& reader, const char* field, const std::string& what,
                 const std::vector<std::string>& given, const std::vector<std::string>& known) {
  for (const std::string& name : given) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    reader.fail(field, what + ": there is no '" + name + "'" + did_you_mean(name, known));
  }
}

/// The list on top of the stack: { "demo/install", { cap = ... } }, of each its name and its arguments.
void check_given_flows(lua_State* L, const engine::TableReader& reader) {
  reader.require_table(-1, "flows", "scenario.given.flows");
  const char* const form =
      "scenario.given.flows is a list of flows with their arguments: { { \"demo/install\", { ... } } }";
  const int list = lua_gettop(L);
  int count = 0;
  for (lua_pushnil(L); lua_next(L, list) != 0; lua_pop(L, 1)) ++count;
  for (int i = 1; i <= count; ++i) {
    lua_rawgeti(L, list, i);
    if (!lua_istable(L, -1)) reader.fail("flows", form);
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    const bool named = lua_type(L, -2) == LUA_TSTRING && (lua_isnil(L, -1) || lua_istable(L, -1));
    if (!named) reader.fail("flows", form);
    lua_pop(L, 3);
  }
}

/// Scenario files in a folder and below. Links to folders are not followed; links that lead nowhere are no files.
std::vector<std::string> files_below(const std::string& folder) {
  std::vector<std::string> found;
  std::error_code failed;
  for (fs::recursive_directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed)) {
    std::error_code unknown;  // of a link that leads nowhere
    const std::string name = entry->path().filename().string();
    const bool part = name.starts_with('_');
    if (part && entry->is_directory(unknown)) entry.disable_recursion_pending();
    if (!part && name.ends_with(".lua") && entry->is_regular_file(unknown)) {
      found.push_back(entry->path().generic_string());
    }
  }
  if (failed)
    throw Error(ErrorKind::usage, "cannot look for scenarios in the folder " + folder + ": " + failed.message());
  return found;
}

}  // namespace

std::shared_ptr<const engine::Flow> Scenario::as_flow() const {
  auto flow = std::make_shared<engine::Flow>();
  flow->name = "scenario/" + name;
  flow->summary = summary;
  flow->file = file;
  flow->needs_keys = needs_keys;
  return flow;
}

Scenario read_scenario(const engine::Bundle& bundle, const std::string& file) {
  const lua::Chunk& chunk = bundle.flow(file);
  engine::LoadState state(bundle);
  lua_State* L = state.load(chunk);
  const engine::TableReader reader(L, chunk);
  if (!lua_istable(L, -1)) {
    reader.fail("", std::string("a scenario file must return a table {summary, run, ...}, and returns a ") +
                        luaL_typename(L, -1));
  }
  luaL_checkstack(L, 16, "scenario");
  reader.require_table(-1, "", "the scenario");
  reader.check_fields(-1, "scenario", {"summary", "tags", "flavors", "needs", "given", "policy", "seconds", "run"});

  Scenario out;
  out.file = file;
  out.name = fs::path(file).stem().string();
  out.summary = reader.text(-1, "summary", "scenario", true);
  out.tags = reader.list(-1, "tags", "scenario");
  out.flavors = reader.list(-1, "flavors", "scenario");
  out.policy = reader.text(-1, "policy", "scenario", false);
  out.seconds = reader.integer(-1, "seconds", "scenario").value_or(out.seconds);
  if (out.seconds < 1 || out.seconds > 24 * 3600) reader.fail("seconds", "scenario.seconds is from 1 to 86400");
  std::vector<std::string> flavors = se::flavor_names();
  flavors.emplace_back("*");
  check_known(reader, "flavors", "scenario.flavors", out.flavors, flavors);

  if (reader.get(-1, "needs")) {
    reader.require_table(-1, "needs", "scenario.needs");
    reader.check_fields(-1, "scenario.needs", {"keys", "card"});
    out.needs_keys = reader.list(-1, "keys", "scenario.needs");
    out.needs_card = reader.list(-1, "card", "scenario.needs");
    check_known(reader, "card", "scenario.needs.card", out.needs_card, capability_names());
  }
  lua_pop(L, 1);
  if (reader.get(-1, "given")) {
    reader.require_table(-1, "given", "scenario.given");
    reader.check_fields(-1, "scenario.given", {"card", "flows"});
    out.card_state = reader.text(-1, "card", "scenario.given", false);
    if (reader.get(-1, "flows")) check_given_flows(L, reader);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  if (!reader.get(-1, "run")) reader.fail("", "scenario: the field 'run' is missing");
  if (!lua_isfunction(L, -1)) reader.fail("run", "scenario.run must be a function");
  lua_pop(L, 1);
  return out;
}

std::vector<std::string> find_scenarios(const std::vector<std::string>& paths) {
  std::vector<std::string> out;
  for (const std::string& path : paths) {
    std::error_code failed;
    if (!fs::exists(path, failed)) {
      throw Error(ErrorKind::usage, "no such file or folder: " + path + "; name a scenario, or a folder of them");
    }
    if (!fs::is_directory(path, failed)) {
      out.push_back(fs::path(path).generic_string());
      continue;
    }
    std::vector<std::string> found = files_below(path);
    if (found.empty()) {
      throw Error(ErrorKind::usage, "the folder " + path + " has no scenario: no *.lua whose name begins without _");
    }
    std::sort(found.begin(), found.end());
    out.insert(out.end(), found.begin(), found.end());
  }
  // A file that is named twice is played once.
  std::vector<std::string> once;
  for (std::string& file : out) {
    if (std::find(once.begin(), once.end(), file) == once.end()) once.push_back(std::move(file));
  }
  return once;
}

}  // namespace cw::scenario
