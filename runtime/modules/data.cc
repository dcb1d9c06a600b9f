#include <utility>

#include "arguments_private.h"
#include "base/hex.h"
#include "data_private.h"
#include "modules/modules.h"

namespace cw::modules {

namespace {

struct DataHandle : lua::Handle {
  explicit DataHandle(host::Data d) : data(std::move(d)) {}
  const host::Data data;
};

struct SecretHandle : lua::Handle {
  explicit SecretHandle(host::SecretPart p) : part(std::move(p)) {}
  const host::SecretPart part;
};

const host::Data* data_at(lua_State* L, int index) {
  const auto* handle = static_cast<const DataHandle*>(lua::to_handle(L, index, data_type()));
  return handle ? &handle->data : nullptr;
}

const host::SecretPart* secret_at(lua_State* L, int index) {
  const auto* handle = static_cast<const SecretHandle*>(lua::to_handle(L, index, secret_type()));
  return handle ? &handle->part : nullptr;
}

/// The parts in the notation of canonical commands: what follows the header.
std::string text_of(const host::Data& data) {
  const size_t header = 2 * 4;
  const std::string text = host::canonical(host::Command{.data = data});
  return text.size() > header ? text.substr(header + 1) : "";
}

int concat(lua_State* L) {
  host::Data joined = check_data(L, 1, "left side of ..");
  join(joined, check_data(L, 2, "right side of .."), "..");
  push_data(L, std::move(joined));
  return 1;
}

int data_len(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(size_of(check_data(L, 1, "#"), "#")));
  return 1;
}

int data_eq(lua_State* L) {
  const host::Data* left = data_at(L, 1);
  const host::Data* right = data_at(L, 2);
  lua_pushboolean(L, left && right && *left == *right);
  return 1;
}

int data_tostring(lua_State* L) {
  const std::string text = text_of(check_data(L, 1, "tostring"));
  charge_bytes(L, text.size());
  lua::push(L, std::string_view(text));
  return 1;
}

int secret_eq(lua_State* L) {
  const host::SecretPart* left = secret_at(L, 1);
  const host::SecretPart* right = secret_at(L, 2);
  lua_pushboolean(L, left && right && *left == *right);
  return 1;
}

}  // namespace

const lua::HandleType& data_type() {
  static const lua::HandleType type = {
      .name = "Data",
      .methods = {},
      .metamethods = {{"__concat", lua::guard<concat>},
                      {"__len", lua::guard<data_len>},
                      {"__eq", lua::guard<data_eq>},
                      {"__tostring", lua::guard<data_tostring>}},
  };
  return type;
}

const lua::HandleType& secret_type() {
  static const lua::HandleType type = {
      .name = "Secret",
      .methods = {},
      .metamethods = {{"__concat", lua::guard<concat>},
                      {"__len", lua::guard<data_len>},
                      {"__eq", lua::guard<secret_eq>},
                      {"__tostring", lua::guard<data_tostring>}},
  };
  return type;
}

void push_data(lua_State* L, host::Data data) {
  const size_t cost = sizeof(DataHandle) + memory_of(data);
  charge_bytes(L, cost);
  lua::push_handle(L, data_type(), std::make_unique<DataHandle>(std::move(data)), cost);
}

host::Data check_data(lua_State* L, int index, std::string_view place) {
  if (const host::Data* data = data_at(L, index)) {
    charge_bytes(L, memory_of(*data));
    return *data;
  }
  host::Data data;
  if (const host::SecretPart* secret = secret_at(L, index)) {
    data.add(*secret);
  } else if (lua_type(L, index) == LUA_TSTRING) {
    const ByteView bytes = lua::bytes(L, index);
    charge_bytes(L, bytes.size());
    join(data, host::Data(to_bytes(bytes)), place);
  } else {
    bad_value(L, index, place, "bytes, Data or a Secret");
  }
  return data;
}

host::SecretPart check_secret(lua_State* L, int index) {
  return static_cast<const SecretHandle&>(lua::check_handle(L, index, secret_type())).part;
}

void join(host::Data& data, const host::Data& more, std::string_view place) {
  data.add(more);
  size_t known = 0;  // keys aside, whose length depends on the channel
  for (const host::Part& part : data.parts()) {
    if (const Bytes* bytes = std::get_if<Bytes>(&part)) known += bytes->size();
    if (const auto* secret = std::get_if<host::SecretPart>(&part)) known += secret->size;
    if (const auto* file = std::get_if<host::FilePart>(&part)) known += file->size;
    if (const auto* dap = std::get_if<host::DapPart>(&part)) known += dap->size;
    if (std::holds_alternative<host::TokenPart>(part) && &part != &data.parts().back()) {
      throw Error(ErrorKind::usage, std::string(place) + ": a token is the end of its command, and nothing follows it");
    }
  }
  if (known > kMaxData) {
    throw Error(ErrorKind::usage, std::string(place) + ": " + std::to_string(known) +
                                      " bytes are more than one command carries (65535); cut it into several commands");
  }
}

size_t memory_of(const host::Data& data) {
  size_t total = 0;
  for (const host::Part& part : data.parts()) {
    total += sizeof(host::Part);
    if (const Bytes* bytes = std::get_if<Bytes>(&part)) total += bytes->size();
  }
  return total;
}

size_t size_of(const host::Data& data, std::string_view place) {
  if (const auto size = data.size()) return *size;
  throw Error(ErrorKind::usage, std::string(place) +
                                    ": there is a key or a token in this data, and how long that gets is known below, "
                                    "where it is made; put lengths before it by hand");
}

void push_secret(lua_State* L, std::string name, uint32_t size) {
  const size_t cost = sizeof(SecretHandle) + name.size();
  lua::push_handle(L, secret_type(),
                   std::make_unique<SecretHandle>(host::SecretPart{std::move(name), size, /*under_dek=*/false}), cost);
}

}  // namespace cw::modules
