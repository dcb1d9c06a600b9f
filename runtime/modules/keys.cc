#include <utility>

#include "arguments_private.h"
#include "command_private.h"
#include "data_private.h"
#include "lua/stack.h"
#include "modules/context.h"
#include "open_private.h"

namespace cw::modules {

namespace {

constexpr uint8_t kKeys = 3;  // ENC, MAC, DEK

int info(lua_State* L) {
  const std::string name = check_name(L, 1, "keys.info: argument 1");
  const host::KeyInfo info = outside_of(L).key_info(name);
  lua_createtable(L, 0, 5);
  lua::set_field(L, "name", std::string_view(name));
  lua::set_field(L, "type", std::string_view(info.type));
  lua::set_field(L, "size", static_cast<int64_t>(info.size));
  lua::set_field(L, "version", static_cast<int64_t>(info.version));
  lua_createtable(L, static_cast<int>(info.kcvs.size()), 0);
  int at = 0;
  for (const Bytes& kcv : info.kcvs) {
    lua::push(L, ByteView(kcv));
    lua_rawseti(L, -2, ++at);
  }
  lua_setfield(L, -2, "kcvs");
  return 1;
}

int put_key_data(lua_State* L) {
  const std::string set = check_name(L, 1, "keys.put_key_data: argument 1");
  const auto version = static_cast<uint8_t>(lua::integer(L, 2, 1, 0x7F));
  host::Data data(Bytes{version});
  for (uint8_t index = 0; index < kKeys; ++index) {
    data.add(host::KeyPart{.set = set, .index = index, .form = host::KeyPart::Form::put_key});
  }
  push_data(L, std::move(data));
  return 1;
}

int put_key_answer(lua_State* L) {
  const std::string name = check_name(L, 1, "keys.put_key_answer: argument 1");
  Bytes answer{static_cast<uint8_t>(lua::integer(L, 2, 1, 0x7F))};
  const host::KeyInfo info = outside_of(L).key_info(name);
  if (info.kcvs.size() != kKeys) {
    throw Error(ErrorKind::usage, "keys.put_key_answer: the check values of \"" + name +
                                      "\" are not known before the card is: it is a master key that is diversified per "
                                      "card; look for the new key version with GET DATA E0 instead");
  }
  for (const Bytes& kcv : info.kcvs) append(answer, kcv);
  lua::push(L, ByteView(answer));
  return 1;
}

int under_dek(lua_State* L) {
  host::SecretPart secret = check_secret(L, 1);
  const bool des = !lua::is_absent(L, 2) && lua::integer(L, 2, 1, 3) != 3;
  const uint32_t block = des ? 8 : 16;
  // As gp::Channel::encrypt_data: whole blocks as they are, else padded with 80 00...
  secret.size = (secret.size + block - 1) / block * block;
  secret.under_dek = true;
  host::Data data;
  data.add(std::move(secret));
  push_data(L, std::move(data));
  return 1;
}

int token(lua_State* L) {
  host::TokenPart part{check_name(L, 1, "keys.token: argument 1"), {}};
  if (!lua::is_absent(L, 2)) {
    part.before = token_input(check_command(L, 2, "keys.token: argument 2"), "keys.token: argument 2");
  }
  host::Data data;
  data.add(std::move(part));
  push_data(L, std::move(data));
  return 1;
}

int put_signing_key_data(lua_State* L) {
  const std::string key = check_name(L, 1, "keys.put_signing_key_data: argument 1");
  host::Data data(Bytes{static_cast<uint8_t>(lua::integer(L, 2, 1, 0x7F))});
  data.add(host::KeyPart{.set = key, .index = 0, .form = host::KeyPart::Form::signing});
  push_data(L, std::move(data));
  return 1;
}

int verifies(lua_State* L) {
  const std::string key = check_name(L, 1, "keys.verifies: argument 1");
  const Bytes message = to_bytes(lua::bytes(L, 2));
  const Bytes signature = to_bytes(lua::bytes(L, 3));
  charge_bytes(L, message.size() + signature.size());
  lua_pushboolean(L, outside_of(L).verifies(key, message, signature));
  return 1;
}

int sign(lua_State* L) {
  const std::string key = check_name(L, 1, "keys.sign: argument 1");
  const Bytes message = to_bytes(lua::bytes(L, 2));
  charge_bytes(L, message.size());
  lua::push(L, ByteView(outside_of(L).sign(key, message)));
  return 1;
}

}  // namespace

int open_keys(lua_State* L) {
  lua::push_module(L, {{"info", lua::guard<info>},
                       {"put_key_data", lua::guard<put_key_data>},
                       {"put_key_answer", lua::guard<put_key_answer>},
                       {"under_dek", lua::guard<under_dek>},
                       {"token", lua::guard<token>},
                       {"put_signing_key_data", lua::guard<put_signing_key_data>},
                       {"sign", lua::guard<sign>},
                       {"verifies", lua::guard<verifies>}});
  return 1;
}

}  // namespace cw::modules
