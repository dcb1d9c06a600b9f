// Between Lua values and C++ values: the helpers that every native module is made of. A native function checks and
// copies its arguments first, then calls pure C++, then pushes results.
//
// C++ errors become Lua errors in guard<>, and nowhere else. Between lua_* calls that may raise, hold only objects that
// may be unwound (LuaJIT unwinds C++ frames).
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <lua.hpp>

#include "base/bytes.h"
#include "base/error.h"

namespace cw::lua {

/// Leaves the error table {kind, message, sw, cause, where} for `error` on the stack and raises it.
[[noreturn]] void raise(lua_State* L, const Error& error);

/// The one place where a C++ error becomes a Lua error. Never catches `...`, which would swallow Lua's own.
int call_guarded(lua_State* L, lua_CFunction function);
template <lua_CFunction F>
int guard(lua_State* L) {
  return call_guarded(L, F);
}

/// One row of a module's table. `waits`: the function ends in lua::wait().
struct Function {
  const char* name;
  lua_CFunction function;  // guard<...>
  bool waits = false;
};
/// Pushes a new table of these functions; waiting ones are wrapped so that their errors are raised and that they work
/// inside coroutines of the script.
void push_module(lua_State* L, const std::vector<Function>& functions);

// Arguments. Each raises usage naming function and argument ("channel:send: argument 1: expected bytes, got a number").

/// A Lua string of min..max bytes; the view lives while the string is on the stack.
ByteView bytes(lua_State* L, int index, size_t min = 0, size_t max = 1u << 20);
std::string_view text(lua_State* L, int index, size_t max = 1u << 20);
/// A number without fraction.
int64_t integer(lua_State* L, int index, int64_t min, int64_t max);
bool is_absent(lua_State* L, int index);  // none or nil

// Fields of a table argument, read raw: tables with metatables are refused. Absent: the default.
void check_table(lua_State* L, int index, std::initializer_list<const char*> known_fields);
bool has_field(lua_State* L, int index, const char* name);
int64_t integer_field(lua_State* L, int index, const char* name, int64_t min, int64_t max);
int64_t integer_field(lua_State* L, int index, const char* name, int64_t min, int64_t max, int64_t absent);
Bytes bytes_field(lua_State* L, int index, const char* name, size_t min, size_t max);  // absent: empty
std::string text_field(lua_State* L, int index, const char* name, size_t max);         // absent: empty
bool bool_field(lua_State* L, int index, const char* name, bool absent);

// Results.
void push(lua_State* L, ByteView bytes);
void push(lua_State* L, std::string_view text);
void set_field(lua_State* L, const char* name, ByteView bytes);  // into the table on top
void set_field(lua_State* L, const char* name, std::string_view text);
void set_field(lua_State* L, const char* name, int64_t number);
void set_field(lua_State* L, const char* name, bool value);

// Handles: C++ objects that a script holds as userdata. Counted against Limits::handles and charged `cost` bytes
// against the memory limit; freed when collected or with the state. The metatable is hidden from scripts (__metatable =
// false).

class Handle {
 public:
  virtual ~Handle() = default;
};

/// What a kind of handle can do: methods, and the metamethods __concat, __len, __eq, __tostring, __index where given.
struct HandleType {
  const char* name;  // "Channel", shown in errors
  std::vector<Function> methods{};
  std::vector<Function> metamethods{};
};

void push_handle(lua_State* L, const HandleType& type, std::unique_ptr<Handle> object, size_t cost);
/// The object at `index`, or null if it is no handle of this type. The pointer lives while the handle is on the stack.
Handle* to_handle(lua_State* L, int index, const HandleType& type);
/// The same; raises usage if it is none.
Handle& check_handle(lua_State* L, int index, const HandleType& type);

}  // namespace cw::lua
