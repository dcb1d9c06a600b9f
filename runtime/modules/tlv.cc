#include "card/tlv.h"

#include <utility>

#include "arguments_private.h"
#include "data_private.h"
#include "open_private.h"

namespace cw::modules {

namespace {

/// Pushes `head(length)` followed by the value at `index`: a string if the value is one, else Data.
template <class Head>
int push_encoded(lua_State* L, int index, std::string_view place, Head head) {
  const bool plain = lua_type(L, index) == LUA_TSTRING;
  const host::Data value = check_data(L, index, place);
  host::Data encoded(head(size_of(value, place)));
  join(encoded, value, place);
  plain ? lua::push(L, encoded.visible()) : push_data(L, std::move(encoded));
  return 1;
}

int build(lua_State* L) {
  const auto tag = static_cast<card::Tag>(lua::integer(L, 1, 1, 0xFFFFFF));
  return push_encoded(L, 2, "tlv.build: argument 2", [tag](size_t length) {
    return concat({ByteView(card::tag_bytes(tag)), ByteView(card::ber_length(length))});
  });
}

int lv(lua_State* L) {
  return push_encoded(L, 1, "tlv.lv: argument 1", [](size_t length) { return card::ber_length(length); });
}

/// Name and length of a data grouping (EMV Card Personalization Specification 2.2): one length byte up to 254, else FF
/// and two.
Bytes dgi_header(uint16_t name, size_t length) {
  Bytes header;
  append_be(header, name, 2);
  if (length > 0xFE) header.push_back(0xFF);
  append_be(header, length, length > 0xFE ? 2 : 1);
  return header;
}

int dgi(lua_State* L) {
  const auto name = static_cast<uint16_t>(lua::integer(L, 1, 0, 0xFFFF));
  return push_encoded(L, 2, "tlv.dgi: argument 2", [name](size_t length) { return dgi_header(name, length); });
}

/// Depth is bounded by the parser (kMaxTlvDepth).
void push_objects(lua_State* L, const card::TlvList& objects) {
  luaL_checkstack(L, 6, "too many nested data objects");
  lua_createtable(L, static_cast<int>(objects.size()), 0);
  int at = 0;
  for (const card::Tlv& object : objects) {
    lua_createtable(L, 0, 3);
    lua::set_field(L, "tag", static_cast<int64_t>(object.tag));
    lua::set_field(L, "value", ByteView(object.value));
    if (!object.children.empty()) {
      push_objects(L, object.children);
      lua_setfield(L, -2, "children");
    }
    lua_rawseti(L, -2, ++at);
  }
}

/// What each byte costs, in the bytes that charge_bytes() counts: the worst input has an object in every two.
constexpr size_t kParseCost = 64;

int parse(lua_State* L) {
  const ByteView bytes = lua::bytes(L, 1);
  charge_bytes(L, kParseCost * bytes.size());
  push_objects(L, card::parse_tlv(bytes));
  return 1;
}

int find(lua_State* L) {
  const ByteView bytes = lua::bytes(L, 1);
  const std::string_view path = lua::text(L, 2, 256);
  charge_bytes(L, kParseCost * bytes.size());
  const card::TlvList objects = card::parse_tlv(bytes);
  const card::Tlv* found = card::find(objects, path);
  found ? lua::push(L, ByteView(found->value)) : lua_pushnil(L);
  return 1;
}

}  // namespace

int open_tlv(lua_State* L) {
  lua::push_module(L, {{"build", lua::guard<build>},
                       {"parse", lua::guard<parse>},
                       {"find", lua::guard<find>},
                       {"lv", lua::guard<lv>},
                       {"dgi", lua::guard<dgi>}});
  return 1;
}

}  // namespace cw::modules
