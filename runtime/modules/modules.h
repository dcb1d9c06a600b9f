// The native modules of the script runtime: what Lua gets from C++. The engine gives modules() to each State, a Context
// (modules/context.h) as its host, and puts the run's own values on the stack with the push functions.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <lua.hpp>

#include "base/bytes.h"
#include "gp/cap_file.h"
#include "host/command.h"
#include "lua/stack.h"
#include "lua/state.h"

namespace cw::modules {

/// Every native module, by its name for `require`.
const std::vector<lua::NativeModule>& modules();
/// Every kind of handle that scripts hold. For the test that compares the stubs in stdlib/_meta with the binary.
const std::vector<const lua::HandleType*>& handle_types();

/// `run.card`.
void push_card(lua_State* L, const std::string& reader_name, ByteView atr);

/// A `secret` argument: its name and how many bytes it has.
void push_secret(lua_State* L, std::string name, uint32_t size);

/// A `cap` argument. `load_file` is what LOAD carries, as load_file_of() makes it: the run's journal names it by hash.
void push_cap(lua_State* L, std::shared_ptr<const host::File> load_file, std::shared_ptr<const gp::CapFile> cap);
/// C4, length and load file data block of `cap`, hashed. `name` is the CAP file's, for people.
std::shared_ptr<const host::File> load_file_of(const gp::CapFile& cap, std::string name);

}  // namespace cw::modules
