// Data and Secret as scripts hold them: bytes with names among them. Both are values: immutable, joined by `..`.
#pragma once

#include <string_view>

#include <lua.hpp>

#include "host/command.h"
#include "lua/stack.h"

namespace cw::modules {

/// What one command can carry (ISO 7816-3 12.1); nothing longer could be sent.
inline constexpr size_t kMaxData = 65535;

const lua::HandleType& data_type();
const lua::HandleType& secret_type();

void push_data(lua_State* L, host::Data data);
/// A string, Data or Secret at `index` as Data. Raises usage naming `place`: another type, longer than kMaxData.
host::Data check_data(lua_State* L, int index, std::string_view place);

/// A Secret at `index`: its name and size. Raises usage.
host::SecretPart check_secret(lua_State* L, int index);

/// Adds `more` to `data`. Raises usage naming `place`: longer than kMaxData.
void join(host::Data& data, const host::Data& more, std::string_view place);

/// Bytes of memory that the parts take, for charging.
size_t memory_of(const host::Data& data);
/// Bytes that travel. Raises usage if a key is in it.
size_t size_of(const host::Data& data, std::string_view place);

}  // namespace cw::modules
