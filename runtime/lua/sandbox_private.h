// The globals a script sees: an allow-list, built anew in each state. What is left out is named with the reason.
#pragma once

#include <lua.hpp>

namespace cw::lua {

/// Replaces the globals of a fresh state. Runs before any script and before limits are armed.
void open_sandbox(lua_State* L);

// The native half of the sandbox, one function per file: each adds its functions to the table on top of the stack, for
// the Lua half (prelude_*.cc), which makes the globals out of them.
void add_control(lua_State* L);     // control.cc
void add_pauses(lua_State* L);      // hook.cc
void add_order(lua_State* L);       // order.cc
void add_identity(lua_State* L);    // identity.cc
void add_metatables(lua_State* L);  // metatables.cc
void add_require(lua_State* L);     // require.cc
void add_strings(lua_State* L);     // strings.cc
void add_searches(lua_State* L);    // searches.cc
void add_format(lua_State* L);      // format.cc
void add_tables(lua_State* L);      // tables.cc

/// "table: 1": the object's number of the run, given when first asked for. Pushes the text.
void push_identity(lua_State* L, int index);

// The Lua half, as text. Each chunk is called with (native, globals).
extern const char* const kPreludeBase;
extern const char* const kPreludeCoroutine;
extern const char* const kPreludeString;
extern const char* const kPreludeTable;

}  // namespace cw::lua
