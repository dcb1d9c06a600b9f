#include <utility>

#include "arguments_private.h"
#include "card/apdu.h"
#include "card/describe.h"
#include "card/status.h"
#include "command_private.h"
#include "data_private.h"
#include "gp/tokens.h"

namespace cw::modules {

namespace {

constexpr uint8_t kDelete = 0xE4;

struct CommandHandle : lua::Handle {
  explicit CommandHandle(host::Command c) : command(std::move(c)) {}
  const host::Command command;
};

const host::Command* command_at(lua_State* L, int index) {
  const auto* handle = static_cast<const CommandHandle*>(lua::to_handle(L, index, command_type()));
  return handle ? &handle->command : nullptr;
}

std::string names_in(const host::Data& data) {
  std::string names;
  for (const host::Part& part : data.parts()) {
    if (const auto* secret = std::get_if<host::SecretPart>(&part)) names += ", secret " + secret->name;
    if (const auto* key = std::get_if<host::KeyPart>(&part)) {
      names += ", key " + key->set + "/" + std::to_string(key->index);
    }
    if (const auto* token = std::get_if<host::TokenPart>(&part)) names += ", token by " + token->key;
    if (const auto* dap = std::get_if<host::DapPart>(&part)) names += ", DAP by " + dap->key;
  }
  return names;
}

int command_index(lua_State* L) {
  const auto& command = static_cast<const CommandHandle&>(lua::check_handle(L, 1, command_type())).command;
  const std::string_view field = lua::text(L, 2);
  if (field == "cla") {
    lua_pushinteger(L, command.cla);
  } else if (field == "ins") {
    lua_pushinteger(L, command.ins);
  } else if (field == "p1") {
    lua_pushinteger(L, command.p1);
  } else if (field == "p2") {
    lua_pushinteger(L, command.p2);
  } else if (field == "le") {
    command.le ? lua_pushinteger(L, static_cast<lua_Integer>(*command.le)) : lua_pushnil(L);
  } else if (field == "data") {
    command.data.plain() ? lua::push(L, command.data.visible()) : push_data(L, command.data);
  } else {
    lua_pushnil(L);
  }
  return 1;
}

int command_eq(lua_State* L) {
  const host::Command* left = command_at(L, 1);
  const host::Command* right = command_at(L, 2);
  lua_pushboolean(L, left && right && *left == *right);
  return 1;
}

int command_tostring(lua_State* L) {
  const std::string text = describe(check_command(L, 1, "Command"));
  charge_bytes(L, text.size());
  lua::push(L, std::string_view(text));
  return 1;
}

}  // namespace

const lua::HandleType& command_type() {
  static const lua::HandleType type = {
      .name = "Command",
      .methods = {},
      .metamethods = {{"__index", lua::guard<command_index>},
                      {"__eq", lua::guard<command_eq>},
                      {"__tostring", lua::guard<command_tostring>}},
  };
  return type;
}

void push_command(lua_State* L, host::Command command) {
  const size_t cost = sizeof(CommandHandle) + memory_of(command.data);
  charge_bytes(L, cost);
  lua::push_handle(L, command_type(), std::make_unique<CommandHandle>(std::move(command)), cost);
}

host::Command check_command(lua_State* L, int index, std::string_view place) {
  if (const host::Command* command = command_at(L, index)) {
    charge_bytes(L, memory_of(command->data));
    return *command;
  }
  if (lua_type(L, index) != LUA_TSTRING) bad_value(L, index, place, "a Command or the bytes of one");
  const ByteView bytes = lua::bytes(L, index);
  charge_bytes(L, bytes.size());
  card::Apdu apdu = card::Apdu::parse(bytes);
  return host::command_of(apdu);
}

Bytes token_input(const host::Command& command, std::string_view place) {
  const bool made_here = command.data.token() != nullptr && command.data.parts().size() == 2;
  if (!command.data.plain() && !made_here) {
    throw Error(ErrorKind::usage, std::string(place) + ": stored keys, secret arguments and files are not signed");
  }
  card::Apdu apdu{command.cla, command.ins, command.p1, command.p2, to_bytes(command.data.visible()), {}};
  if (made_here && command.ins == kDelete && !apdu.data.empty()) apdu.data.pop_back();  // the tag of the token
  return gp::command_token_input(apdu.p1, apdu.p2, gp::before_token(apdu));
}

std::string describe(const host::Command& command) {
  // How long a key or a token gets is not known here, so there is no data field to look into.
  if (!command.data.size()) {
    return card::command_name(command.cla, command.ins, command.p1) + names_in(command.data);
  }
  card::Apdu apdu{.cla = command.cla, .ins = command.ins, .p1 = command.p1, .p2 = command.p2, .le = command.le};
  for (const host::Part& part : command.data.parts()) {
    if (const Bytes* bytes = std::get_if<Bytes>(&part)) append(apdu.data, *bytes);
    if (const auto* secret = std::get_if<host::SecretPart>(&part)) apdu.data.resize(apdu.data.size() + secret->size);
    if (const auto* file = std::get_if<host::FilePart>(&part)) {
      append(apdu.data, ByteView(file->file->content).subspan(file->offset, file->size));
    }
    if (const auto* dap = std::get_if<host::DapPart>(&part)) apdu.data.resize(apdu.data.size() + dap->size);
  }
  return card::describe(apdu) + names_in(command.data);
}

}  // namespace cw::modules
