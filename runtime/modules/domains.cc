#include <algorithm>
#include <array>

#include "arguments_private.h"
#include "base/hex.h"
#include "lua/stack.h"
#include "modules/context.h"
#include "open_private.h"

namespace cw::modules {

namespace {

constexpr size_t kMostText = 256;
constexpr size_t kMostKeyName = 64;
constexpr size_t kOneRecord = 512;
constexpr size_t kOnePut = 256u << 10;  // bytes that a write to the store is charged as

/// Raises usage: a text that does not stay in its line.
std::string line_field(lua_State* L, const char* name, size_t max) {
  if (!lua::has_field(L, 1, name)) return {};
  std::string out = lua::text_field(L, 1, name, max);
  if (std::any_of(out.begin(), out.end(), [](unsigned char c) { return c < 0x20 || c > 0x7E; })) {
    throw Error(ErrorKind::usage, std::string("domains: field '") + name + "': expected printable ASCII");
  }
  return out;
}

template <size_t count>
std::string one_of(const std::array<const char*, count>& words, const std::string& given, const char* name) {
  if (std::find(words.begin(), words.end(), given) != words.end()) return given;
  std::string all;
  for (const char* word : words) all += (all.empty() ? "" : ", ") + std::string(word);
  throw Error(ErrorKind::usage, std::string("domains: field '") + name + "': expected one of " + all);
}

/// The AID and the state of what is put, or is to be.
host::DomainRecord named(lua_State* L) {
  constexpr std::array<const char*, 6> kStates = {"asked", "present", "locked", "deleted", "reset", "moved"};
  host::DomainRecord domain;
  domain.aid = to_bytes(lua::bytes_field(L, 1, "aid", 5, 16));
  domain.state = one_of(kStates, line_field(L, "state", kMostText), "state");
  return domain;
}

void push_list(lua_State* L, const std::vector<host::DomainRecord>& all) {
  for (const host::DomainRecord& one : all) {
    charge_bytes(L, kOneRecord + one.issuer.size() + one.se_id.size());  // in the journal, too
  }
  lua_createtable(L, static_cast<int>(all.size()), 0);
  int at = 0;
  for (const host::DomainRecord& one : all) {
    lua_createtable(L, 0, 8);
    lua::set_field(L, "aid", ByteView(one.aid));
    const auto add = [L](const char* name, const std::string& value) {
      if (!value.empty()) lua::set_field(L, name, std::string_view(value));
    };
    add("state", one.state);
    add("se_id", one.se_id);
    add("issuer", one.issuer);
    add("management", one.management);
    add("keys", one.keys);
    add("told", one.told);
    lua::set_field(L, "version", static_cast<int64_t>(one.version));
    lua_rawseti(L, -2, ++at);
  }
}

int list(lua_State* L) {
  push_list(L, outside_of(L).domains({}));
  return 1;
}

int put(lua_State* L) {
  lua::check_table(L, 1, {"aid", "state", "se_id", "issuer", "management", "keys", "version"});
  host::DomainRecord domain = named(L);
  domain.se_id = line_field(L, "se_id", kMostText);
  const bool hex = std::all_of(domain.se_id.begin(), domain.se_id.end(),
                               [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); });
  if (!hex)
    throw Error(ErrorKind::usage, "domains.put: field 'se_id': expected upper-case hex digits, as sei.se_id gives");
  domain.issuer = line_field(L, "issuer", kMostText);
  if (lua::has_field(L, 1, "management")) {
    constexpr std::array<const char*, 3> kManagement = {"none", "delegated", "authorized"};
    domain.management = one_of(kManagement, line_field(L, "management", kMostText), "management");
  }
  domain.keys = line_field(L, "keys", kMostKeyName);
  if (lua::has_field(L, 1, "version")) {
    domain.version = static_cast<uint8_t>(lua::integer_field(L, 1, "version", 0, 0x7F));
  }
  charge_bytes(L, kOnePut);
  outside_of(L).domains(domain);
  return 0;
}

int expect(lua_State* L) {
  lua::check_table(L, 1, {"aid", "state"});
  host::DomainRecord domain = named(L);
  domain.ahead = true;
  charge_bytes(L, kOneRecord);
  outside_of(L).domains(domain);
  return 0;
}

}  // namespace

int open_domains(lua_State* L) {
  lua::push_module(L, {{"list", lua::guard<list>}, {"put", lua::guard<put>}, {"expect", lua::guard<expect>}});
  return 1;
}

}  // namespace cw::modules
