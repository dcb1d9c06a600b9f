#include <array>
#include <optional>

#include "errors_private.h"
#include "impl_private.h"
#include "lua/stack.h"

namespace cw::lua {
namespace {

constexpr size_t kLongestText = 4096;
constexpr int kDeepestTrace = 24;
constexpr std::string_view kOwnChunk = "prelude";

constexpr std::array kKinds = {ErrorKind::usage,   ErrorKind::script, ErrorKind::card,    ErrorKind::reader,
                               ErrorKind::channel, ErrorKind::cap,    ErrorKind::http,    ErrorKind::policy,
                               ErrorKind::budget,  ErrorKind::store,  ErrorKind::internal};

std::string one_line(std::string_view text) {
  std::string line(text.substr(0, kLongestText));
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return line;
}

std::string raw_text(lua_State* L, int table, const char* field) {
  lua_pushstring(L, field);
  lua_rawget(L, table);
  std::string text;
  if (lua_type(L, -1) == LUA_TSTRING) {
    size_t size = 0;
    const char* data = lua_tolstring(L, -1, &size);
    text = one_line({data, size});
  }
  lua_pop(L, 1);
  return text;
}

std::optional<uint16_t> raw_sw(lua_State* L, int table) {
  lua_pushliteral(L, "sw");
  lua_rawget(L, table);
  std::optional<uint16_t> sw;
  if (lua_type(L, -1) == LUA_TNUMBER) {
    double number = lua_tonumber(L, -1);
    if (number >= 0 && number <= 0xFFFF) sw = static_cast<uint16_t>(number);
  }
  lua_pop(L, 1);
  return sw;
}

ErrorKind kind_named(std::string_view name) {
  for (ErrorKind kind : kKinds) {
    if (name_of(kind) == name) return kind;
  }
  return ErrorKind::script;
}

bool is_error_table(lua_State* L, int index) {
  if (lua_type(L, index) != LUA_TTABLE || lua_getmetatable(L, index) == 0) return false;
  push_kept(L, kErrorMeta);
  bool ours = lua_rawequal(L, -1, -2) != 0;
  lua_pop(L, 2);
  return ours;
}

/// Reads the frame at `level`; false at the end of the stack.
bool frame_at(lua_State* L, int level, lua_Debug& frame) {
  return lua_getstack(L, level, &frame) != 0 && lua_getinfo(L, "nSl", &frame) != 0;
}

/// Written by a script: has lines. Our own Lua code has none.
bool of_script(const lua_Debug& frame) { return frame.currentline > 0; }

std::string place_in(const lua_Debug& frame) {
  std::string_view source = frame.source;
  if (!source.empty()) source.remove_prefix(1);
  return std::string(source) + ":" + std::to_string(frame.currentline);
}

/// "where: message" of an error table: its text for people.
int error_text(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  std::string where = raw_text(L, 1, "where");
  push(L, std::string_view((where.empty() ? "" : where + ": ") + raw_text(L, 1, "message")));
  return 1;
}

int concat_error(lua_State* L) {
  std::string joined;
  for (int i = 1; i <= 2; ++i) {
    if (is_error_table(L, i)) {
      lua_pushcfunction(L, error_text);
      lua_pushvalue(L, i);
      lua_call(L, 1, 1);
      joined += lua_tostring(L, -1);
    } else if (lua_isstring(L, i) != 0) {
      joined += text(L, i);
    } else {
      throw Error(ErrorKind::usage, std::string("joining an error and a ") + luaL_typename(L, i));
    }
  }
  push(L, std::string_view(joined));
  return 1;
}

/// Lua puts "prelude:0: " ahead of errors in our own Lua code: no place that means something to a script.
std::string_view without_own_place(std::string_view text) {
  size_t own = kOwnChunk.size();
  if (text.starts_with(kOwnChunk) && text.substr(own).starts_with(":0: ")) text.remove_prefix(own + 4);
  return text;
}

/// Splits "scripts/a.lua:3: message" as Lua writes it.
void split_place(std::string_view text, std::string& where, std::string& message) {
  text = without_own_place(text);
  message = text;
  size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) return;
  size_t digits = text.find_first_not_of("0123456789", colon + 1);
  if (digits == std::string_view::npos || digits == colon + 1 || text.substr(digits, 2) != ": ") return;
  where = text.substr(0, digits);
  message = text.substr(digits + 2);
}

}  // namespace

void push_error(lua_State* L, const Error& error, const std::string& where) {
  luaL_checkstack(L, 4, "error");
  lua_createtable(L, 0, 5);
  set_field(L, "kind", name_of(error.kind()));
  set_field(L, "message", std::string_view(error.message()));
  if (error.sw()) set_field(L, "sw", static_cast<int64_t>(*error.sw()));
  if (!error.cause().empty()) set_field(L, "cause", std::string_view(error.cause()));
  if (!where.empty()) set_field(L, "where", std::string_view(where));
  push_kept(L, kErrorMeta);
  lua_setmetatable(L, -2);
}

void place_error(lua_State* L, int index) {
  if (!is_error_table(L, index) || !raw_text(L, index, "where").empty()) return;
  lua_pushvalue(L, index);
  set_field(L, "where", std::string_view(place_of(L)));
  lua_pop(L, 1);
}

void normalize_error(lua_State* L, int index) {
  if (lua_type(L, index) != LUA_TSTRING) return;
  std::string where;
  std::string message;
  size_t size = 0;
  const char* data = lua_tolstring(L, index, &size);
  split_place({data, size}, where, message);
  push_error(L, Error(ErrorKind::script, message), where);
  lua_replace(L, index);
}

Thrown read_thrown(lua_State* L, int index) {
  if (index < 0) index = lua_gettop(L) + index + 1;
  int type = lua_type(L, index);
  Thrown thrown;
  if (type == LUA_TSTRING || type == LUA_TNUMBER) {
    lua_pushvalue(L, index);
    size_t size = 0;
    const char* data = lua_tolstring(L, -1, &size);
    split_place(one_line({data, size}), thrown.where, thrown.message);
    lua_pop(L, 1);
  } else if (type == LUA_TTABLE) {
    thrown.kind = kind_named(raw_text(L, index, "kind"));
    thrown.message = raw_text(L, index, "message");
    thrown.sw = raw_sw(L, index);
    thrown.cause = raw_text(L, index, "cause");
    thrown.where = raw_text(L, index, "where");
    if (thrown.message.empty()) thrown.message = "the script raised a table without a message as its error";
  } else {
    thrown.message = std::string("the script raised a ") + lua_typename(L, type) + " as its error";
  }
  return thrown;
}

void open_errors(lua_State* L) {
  lua_createtable(L, 0, 3);
  lua_pushcfunction(L, error_text);
  lua_setfield(L, -2, "__tostring");
  lua_pushcfunction(L, guard<concat_error>);
  lua_setfield(L, -2, "__concat");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  keep(L, kErrorMeta);
}

std::string place_of(lua_State* L) {
  // Who wrote the flow wants to know which of its lines it was, not where in the library the card's no came up.
  std::string in_library;
  lua_Debug frame{};
  for (int level = 0; frame_at(L, level, frame); ++level) {
    if (!of_script(frame)) continue;
    const std::string place = place_in(frame);
    if (!place.starts_with("stdlib/")) return place;
    if (in_library.empty()) in_library = place;
  }
  return in_library;
}
std::string traceback_of(lua_State* L) {
  std::string trace;
  lua_Debug frame{};
  int lines = 0;
  for (int level = 0; frame_at(L, level, frame); ++level) {
    if (!of_script(frame)) continue;
    if (++lines > kDeepestTrace) return trace + "\n  ...";
    trace += (trace.empty() ? "  " : "\n  ") + place_in(frame);
    if (frame.name != nullptr) trace += std::string(": in ") + one_line(frame.name);
  }
  return trace;
}

void raise(lua_State* L, const Error& error) {
  push_error(L, error, place_of(L));
  lua_error(L);
  std::abort();  // lua_error does not return
}

int call_guarded(lua_State* L, lua_CFunction function) {
  // Out of the catch block before Lua unwinds: an exception must not be left while it is being handled.
  std::optional<Error> failure;
  try {
    return function(L);
  } catch (const Error& error) {
    failure.emplace(error);
  } catch (const std::exception& error) {
    failure.emplace(ErrorKind::internal, std::string("native call: ") + error.what());
  }
  raise(L, *failure);
}

}  // namespace cw::lua
