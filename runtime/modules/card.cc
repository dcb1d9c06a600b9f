#include <utility>

#include "arguments_private.h"
#include "channel_private.h"
#include "exchange_private.h"
#include "modules/context.h"
#include "modules/modules.h"
#include "open_private.h"

namespace cw::modules {

namespace {

struct CardHandle : lua::Handle {
  CardHandle(std::string r, Bytes a) : reader(std::move(r)), atr(std::move(a)) {}
  const std::string reader;
  const Bytes atr;
};

const CardHandle& check_card(lua_State* L) {
  return static_cast<const CardHandle&>(lua::check_handle(L, 1, card_type()));
}

int card_index(lua_State* L) {
  const CardHandle& card = check_card(L);
  const std::string_view field = lua::text(L, 2);
  if (field == "atr") {
    lua::push(L, ByteView(card.atr));
  } else if (field == "reader") {
    lua::push(L, std::string_view(card.reader));
  } else if (field == "changes") {
    lua_pushnumber(L, static_cast<lua_Number>(context_of(L).changes));
  } else {
    lua_pushnil(L);
  }
  return 1;
}

int card_tostring(lua_State* L) {
  lua::push(L, std::string_view("Card in " + check_card(L).reader));
  return 1;
}

int card_send(lua_State* L) {
  check_card(L);
  return send(L, Target{});
}

int card_expect(lua_State* L) {
  check_card(L);
  return expect(L, Target{});
}

int card_send_all(lua_State* L) {
  check_card(L);
  return send_all(L, Target{});
}

int card_send_each(lua_State* L) {
  check_card(L);
  return send_each(L, Target{});
}

int card_relay(lua_State* L) {
  check_card(L);
  return relay(L, Target{});
}

/// SELECT by DF name, first occurrence (GPCS 11.9).
int card_select(lua_State* L) {
  check_card(L);
  const ByteView aid = lua::bytes(L, 2, 0, 16);
  return expect(
      L, Target{},
      host::Command{.cla = 0x00, .ins = 0xA4, .p1 = 0x04, .p2 = 0x00, .data = host::Data(to_bytes(aid)), .le = 256});
}

int card_reset(lua_State* L) {
  check_card(L);
  return context_of(L).submit(L, host::Reset{}, [](lua_State* state, host::Reply& reply) {
    const auto& done = reply_as<host::ResetDone>(reply);
    context_of(state).channels.closed_all("reset");
    lua::push(state, ByteView(done.atr));
    return 1;
  });
}

int card_open_channel(lua_State* L) {
  check_card(L);
  return open_channel(L, 2);
}

}  // namespace

const lua::HandleType& card_type() {
  static const lua::HandleType type = {
      .name = "Card",
      .methods = {{"send", lua::guard<card_send>, /*waits=*/true},
                  {"expect", lua::guard<card_expect>, /*waits=*/true},
                  {"send_all", lua::guard<card_send_all>, /*waits=*/true},
                  {"send_each", lua::guard<card_send_each>, /*waits=*/true},
                  {"relay", lua::guard<card_relay>, /*waits=*/true},
                  {"select", lua::guard<card_select>, /*waits=*/true},
                  {"reset", lua::guard<card_reset>, /*waits=*/true},
                  {"open_channel", lua::guard<card_open_channel>, /*waits=*/true}},
      .metamethods = {{"__index", lua::guard<card_index>}, {"__tostring", lua::guard<card_tostring>}},
  };
  return type;
}

void push_card(lua_State* L, const std::string& reader_name, ByteView atr) {
  const size_t cost = sizeof(CardHandle) + reader_name.size() + atr.size();
  lua::push_handle(L, card_type(), std::make_unique<CardHandle>(reader_name, to_bytes(atr)), cost);
}

}  // namespace cw::modules
