#include <utility>

#include "arguments_private.h"
#include "json_private.h"
#include "lua/stack.h"
#include "modules/context.h"
#include "open_private.h"

namespace cw::modules {

namespace {

using nlohmann::json;

// What a byte of output costs, in the bytes that charge_bytes() counts: a run that does nothing but talk comes to about
// 6 MB, not to a full disk.
constexpr size_t kOutputCost = 32;
constexpr size_t kMaxLine = 4096;
constexpr size_t kMaxColumns = 64;
constexpr size_t kMaxRows = 10'000;
constexpr int64_t kExact = int64_t{1} << 53;

int line(lua_State* L, const char* level) {
  const std::string_view message = lua::text(L, 1, kMaxLine);
  charge_bytes(L, kOutputCost * message.size());
  outside_of(L).note({.kind = host::Note::Kind::log, .name = level, .text = std::string(message)});
  return 0;
}

int debug(lua_State* L) { return line(L, "debug"); }
int info(lua_State* L) { return line(L, "info"); }
int warn(lua_State* L) { return line(L, "warn"); }

int progress(lua_State* L) {
  host::Note note{.kind = host::Note::Kind::progress, .text = std::string(lua::text(L, 1, kMaxLine))};
  note.done = static_cast<uint64_t>(lua::integer(L, 2, 0, kExact));
  note.total = static_cast<uint64_t>(lua::integer(L, 3, 0, kExact));
  charge_bytes(L, kOutputCost * note.text.size());
  outside_of(L).note(std::move(note));
  return 0;
}

int step(lua_State* L) {
  using Kind = host::Note::Kind;
  static constexpr std::pair<std::string_view, Kind> kKinds[] = {
      {"begin", Kind::step_begin}, {"skip", Kind::step_skip}, {"end", Kind::step_end}};
  const std::string_view wanted = lua::text(L, 1);
  const std::string_view name = lua::text(L, 2, kMaxLine);
  charge_bytes(L, kOutputCost * name.size());
  for (const auto& [known, kind] : kKinds) {
    if (known != wanted) continue;
    outside_of(L).note({.kind = kind, .name = std::string(name)});
    return 0;
  }
  throw Error(ErrorKind::usage, "log.step: argument 1: a step can \"begin\", \"skip\" or \"end\"");
}

json strings(lua_State* L, int index, const std::string& place, size_t max) {
  json out = json::array();
  const size_t count = check_list(L, index, place, max);
  for (size_t i = 1; i <= count; ++i) {
    lua_rawgeti(L, index, static_cast<int>(i));
    if (lua_type(L, -1) != LUA_TSTRING) bad_value(L, -1, place + "[" + std::to_string(i) + "]", "a string");
    charge_bytes(L, lua_objlen(L, -1));
    out.push_back(std::string(lua::text(L, -1)));
    lua_pop(L, 1);
  }
  return out;
}

/// A result of the run, for the reader who follows it and for --json.
void output(lua_State* L, std::string_view place, const char* format, const json& value) {
  std::string text = json_text(value, place);
  charge_bytes(L, kOutputCost * text.size());
  outside_of(L).note({.kind = host::Note::Kind::output, .name = format, .text = std::move(text)});
}

int table(lua_State* L) {
  lua_settop(L, 3);
  json value = {{"title", std::string(lua::text(L, 1, kMaxLine))}};
  value["columns"] = strings(L, 2, "log.table: columns", kMaxColumns);
  json& rows = value["rows"] = json::array();
  const size_t count = check_list(L, 3, "log.table: rows", kMaxRows);
  for (size_t i = 1; i <= count; ++i) {
    const std::string place = "log.table: rows[" + std::to_string(i) + "]";
    lua_rawgeti(L, 3, static_cast<int>(i));
    rows.push_back(strings(L, 4, place, kMaxColumns));
    lua_pop(L, 1);
    if (rows.back().size() != value["columns"].size()) {
      throw Error(ErrorKind::usage, place + ": expected " + std::to_string(value["columns"].size()) +
                                        " strings, one per column, got " + std::to_string(rows.back().size()));
    }
  }
  output(L, "log.table", "table", value);
  return 0;
}

int result(lua_State* L) {
  lua_settop(L, 2);
  json value = {{"name", std::string(lua::text(L, 1, kMaxLine))}};
  value["value"] = to_json(L, 2, "log.result: value");
  output(L, "log.result", "json", value);
  return 0;
}

}  // namespace

int open_log(lua_State* L) {
  lua::push_module(L, {{"debug", lua::guard<debug>},
                       {"info", lua::guard<info>},
                       {"warn", lua::guard<warn>},
                       {"progress", lua::guard<progress>},
                       {"table", lua::guard<table>},
                       {"result", lua::guard<result>},
                       {"step", lua::guard<step>}});
  return 1;
}

}  // namespace cw::modules
