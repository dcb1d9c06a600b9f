#include <utility>

#include "arguments_private.h"
#include "channel_private.h"
#include "exchange_private.h"
#include "lua/stack.h"
#include "modules/context.h"
#include "open_private.h"

namespace cw::modules {

namespace {

/// Security levels by name and by the byte of EXTERNAL AUTHENTICATE (GPCS table 10-1, Amd D 7.1.2).
struct Level {
  std::string_view name;
  uint8_t byte;
};
constexpr Level kLevels[] = {{"none", 0x00},     {"mac", 0x01},          {"mac+enc", 0x03},
                             {"mac+rmac", 0x11}, {"mac+enc+rmac", 0x13}, {"mac+enc+rmac+renc", 0x33}};

uint8_t level_byte(std::string_view name) {
  for (const Level& level : kLevels) {
    if (level.name == name) return level.byte;
  }
  std::string known;
  for (const Level& level : kLevels) known += (known.empty() ? "\"" : ", \"") + std::string(level.name) + "\"";
  throw Error(ErrorKind::usage,
              "Card:open_channel: field 'level': there is no such security level; there are " + known);
}

std::string_view level_name(uint8_t byte) {
  for (const Level& level : kLevels) {
    if (level.byte == byte) return level.name;
  }
  throw Error(ErrorKind::internal, "the engine opened a channel with a security level that has no name");
}

struct ChannelHandle : lua::Handle {
  ChannelHandle(host::ChannelOpened o, std::string k, uint8_t l)
      : opened(std::move(o)), keys(std::move(k)), logical_channel(l) {}
  const host::ChannelOpened opened;
  const std::string keys;  // name of the set that opened it
  const uint8_t logical_channel;
};

const ChannelHandle& check_channel(lua_State* L) {
  return static_cast<const ChannelHandle&>(lua::check_handle(L, 1, channel_type()));
}

Target target_of(const ChannelHandle& channel) { return {"Channel", channel.opened.channel, channel.logical_channel}; }

int channel_index(lua_State* L) {
  const ChannelHandle& channel = check_channel(L);
  const host::ChannelOpened& opened = channel.opened;
  const std::string_view field = lua::text(L, 2);
  if (field == "keys") {
    lua::push(L, std::string_view(channel.keys));
  } else if (field == "scp") {
    lua_pushinteger(L, opened.scp);
  } else if (field == "i") {
    lua_pushinteger(L, opened.i);
  } else if (field == "level") {
    lua::push(L, level_name(opened.level));
  } else if (field == "key_version") {
    lua_pushinteger(L, opened.key_version);
  } else if (field == "diversification_data") {
    lua::push(L, ByteView(opened.diversification_data));
  } else if (field == "sequence_counter") {
    lua::push(L, ByteView(opened.sequence_counter));
  } else if (field == "max_data") {
    lua_pushinteger(L, static_cast<lua_Integer>(opened.max_data));
  } else {
    lua_pushnil(L);
  }
  return 1;
}

int channel_tostring(lua_State* L) {
  const host::ChannelOpened& opened = check_channel(L).opened;
  const bool open = context_of(L).channels.is_open(opened.channel);
  lua::push(L, std::string_view("SCP0" + std::to_string(opened.scp) + " channel, " +
                                std::string(level_name(opened.level)) + (open ? "" : ", closed")));
  return 1;
}

int channel_send(lua_State* L) { return send(L, target_of(check_channel(L))); }
int channel_expect(lua_State* L) { return expect(L, target_of(check_channel(L))); }
int channel_send_all(lua_State* L) { return send_all(L, target_of(check_channel(L))); }

/// Closing what is closed already is no error: a flow closes in its last line whatever happened before.
int channel_close(lua_State* L) {
  const host::ChannelId channel = check_channel(L).opened.channel;
  if (!context_of(L).channels.is_open(channel)) return 0;
  return context_of(L).submit(L, host::CloseChannel{channel}, [channel](lua_State* state, host::Reply& reply) {
    reply_as<host::ChannelClosed>(reply);
    context_of(state).channels.closed(channel, "close");
    return 0;
  });
}

}  // namespace

const lua::HandleType& channel_type() {
  static const lua::HandleType type = {
      .name = "Channel",
      .methods = {{"send", lua::guard<channel_send>, /*waits=*/true},
                  {"expect", lua::guard<channel_expect>, /*waits=*/true},
                  {"send_all", lua::guard<channel_send_all>, /*waits=*/true},
                  {"close", lua::guard<channel_close>, /*waits=*/true}},
      .metamethods = {{"__index", lua::guard<channel_index>}, {"__tostring", lua::guard<channel_tostring>}},
  };
  return type;
}

int open_channel(lua_State* L, int index) {
  lua::check_table(L, index, {"keys", "or_keys", "level", "version", "scp", "i", "aid", "s16", "logical_channel"});
  host::OpenChannel request;
  lua_getfield(L, index, "keys");
  request.keys = check_name(L, -1, "Card:open_channel: field 'keys'");
  if (lua::has_field(L, index, "or_keys")) {
    lua_getfield(L, index, "or_keys");
    request.or_keys = check_name(L, -1, "Card:open_channel: field 'or_keys'");
    lua_pop(L, 1);
  }
  if (lua::has_field(L, index, "level")) request.level = level_byte(lua::text_field(L, index, "level", 32));
  request.key_version = static_cast<uint8_t>(lua::integer_field(L, index, "version", 0, 0xFF, 0));
  if (lua::has_field(L, index, "scp")) request.scp = static_cast<uint8_t>(lua::integer_field(L, index, "scp", 1, 3));
  if (lua::has_field(L, index, "i")) request.i = static_cast<uint8_t>(lua::integer_field(L, index, "i", 0, 0xFF));
  request.logical_channel = static_cast<uint8_t>(lua::integer_field(L, index, "logical_channel", 0, 19, 0));
  request.aid = lua::bytes_field(L, index, "aid", 5, 16);
  request.s16 = lua::bool_field(L, index, "s16", false);

  const uint8_t logical_channel = request.logical_channel;
  const std::string asked = request.keys;
  return context_of(L).submit(L, std::move(request), [asked, logical_channel](lua_State* state, host::Reply& reply) {
    auto& opened = reply_as<host::ChannelOpened>(reply);
    context_of(state).channels.opened(opened.channel, logical_channel);
    const std::string& keys = opened.keys.empty() ? asked : opened.keys;
    const size_t cost =
        sizeof(ChannelHandle) + keys.size() + opened.diversification_data.size() + opened.sequence_counter.size();
    lua::push_handle(state, channel_type(), std::make_unique<ChannelHandle>(opened, keys, logical_channel), cost);
    return 1;
  });
}

}  // namespace cw::modules
