#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "arguments_private.h"
#include "command_private.h"
#include "data_private.h"
#include "lua/stack.h"
#include "modules/context.h"
#include "open_private.h"

namespace cw::modules {

namespace {

constexpr uint8_t kKeys = 3;  // ENC, MAC, DEK

void push_info(lua_State* L, const std::string& name, const host::KeyInfo& info) {
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
}

int info(lua_State* L) {
  const std::string name = check_name(L, 1, "keys.info: argument 1");
  push_info(L, name, outside_of(L).key_info(name));
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

/// Field `name` of argument 1: three texts, ENC, MAC, DEK.
std::array<Bytes, kKeys> three_field(lua_State* L, const char* name, size_t min, size_t max) {
  const std::string place = std::string("keys.unwrap: field '") + name + "'";
  if (!lua::has_field(L, 1, name)) throw Error(ErrorKind::usage, place + " is missing: ENC, MAC, DEK");
  lua_getfield(L, 1, name);
  const int list = lua_gettop(L);
  if (check_list(L, list, place, kKeys) != kKeys) throw Error(ErrorKind::usage, place + ": expected ENC, MAC, DEK");
  std::array<Bytes, kKeys> out{};
  for (size_t i = 0; i < kKeys; ++i) {
    lua_rawgeti(L, list, static_cast<int>(i + 1));
    if (lua_type(L, -1) != LUA_TSTRING) bad_value(L, -1, place, "bytes");
    out.at(i) = to_bytes(lua::bytes(L, -1));
    if (out.at(i).size() < min || out.at(i).size() > max) {
      throw Error(ErrorKind::usage,
                  place + ": " + std::to_string(out.at(i).size()) + " bytes are not " +
                      (min == max ? std::to_string(min) : std::to_string(min) + " to " + std::to_string(max)));
    }
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  charge_bytes(L, out[0].size() + out[1].size() + out[2].size());
  return out;
}

/// Field `name` of argument 1, where it is one of a few.
std::string choice_field(lua_State* L, const char* name, const std::vector<std::string>& choices) {
  std::string out = lua::has_field(L, 1, name) ? lua::text_field(L, 1, name, 32) : choices.front();
  if (std::find(choices.begin(), choices.end(), out) != choices.end()) return out;
  std::string all;
  for (const std::string& choice : choices) all += (all.empty() ? "" : ", ") + choice;
  throw Error(ErrorKind::usage, std::string("keys.unwrap: field '") + name + "': '" + out + "' is none of " + all);
}

int unwrap(lua_State* L) {
  constexpr size_t kLongest = 40;  // AES-256 with what RFC 3394 adds
  lua::check_table(L, 1, {"name", "under", "wrap", "type", "version", "from", "keys", "kcvs"});
  host::WrappedKeys wrapped;
  lua_getfield(L, 1, "name");
  wrapped.name = lua_isnil(L, -1) ? "card" : check_name(L, -1, "keys.unwrap: field 'name'");
  if (!wrapped.name.starts_with(host::kUnwrapped)) wrapped.name.insert(0, host::kUnwrapped);
  lua_getfield(L, 1, "under");
  wrapped.under = check_name(L, -1, "keys.unwrap: field 'under'");
  lua_pop(L, 2);
  wrapped.form = choice_field(L, "wrap", {"aes-key-wrap", "aes-cbc", "des-ecb"});
  wrapped.type = choice_field(L, "type", {"aes", "des"});
  wrapped.version = static_cast<uint8_t>(lua::integer_field(L, 1, "version", 0, 0xFF));
  wrapped.backend = lua::text_field(L, 1, "from", 4096);
  wrapped.keys = three_field(L, "keys", 16, kLongest);
  wrapped.kcvs = three_field(L, "kcvs", 3, 3);
  push_info(L, wrapped.name, outside_of(L).unwrap(wrapped));
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
                       {"verifies", lua::guard<verifies>},
                       {"unwrap", lua::guard<unwrap>}});
  return 1;
}

}  // namespace cw::modules
