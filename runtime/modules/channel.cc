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
int channel_send_each(lua_State* L) { return send_each(L, target_of(check_channel(L))); }

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
                  {"send_each", lua::guard<channel_send_each>, /*waits=*/true},
                  {"close", lua::guard<channel_close>, /*waits=*/true}},
      .metamethods = {{"__index", lua::guard<channel_index>}, {"__tostring", lua::guard<channel_tostring>}},
  };
  return type;
}

namespace {

/// A card, or a channel, at the top of the stack.
Target check_target(lua_State* L, const std::string& place) {
  if (const lua::Handle* channel = lua::to_handle(L, -1, channel_type())) {
    return target_of(static_cast<const ChannelHandle&>(*channel));
  }
  if (lua::to_handle(L, -1, card_type()) != nullptr) return Target{};
  throw Error(ErrorKind::usage, place + ": field 'on': expected a card or a channel");
}

/// Field `before`: a list of { on = card or channel, plan = commands, each = true }.
std::vector<host::Exchange> check_before(lua_State* L, int index) {
  constexpr size_t kMaxBefore = 16;
  const std::string place = "Card:open_channel: field 'before'";
  std::vector<host::Exchange> out;
  if (!lua::has_field(L, index, "before")) return out;
  PlanRoom room;
  lua_getfield(L, index, "before");
  const int list = lua_gettop(L);
  const size_t count = check_list(L, list, place, kMaxBefore);
  for (size_t i = 1; i <= count; ++i) {
    const std::string one = place + "[" + std::to_string(i) + "]";
    lua_rawgeti(L, list, static_cast<int>(i));
    const int entry = lua_gettop(L);
    lua::check_table(L, entry, {"on", "plan", "each"});
    lua_getfield(L, entry, "on");
    const Target target = check_target(L, one);
    lua_getfield(L, entry, "plan");
    out.push_back(check_exchange(L, lua_gettop(L), target, one, room));
    if (lua::bool_field(L, entry, "each", false)) {
      check_only_reads(out.back().plan, one);
      out.back().stop_on_error = false;
    }
    lua_settop(L, list);
  }
  lua_settop(L, list - 1);
  return out;
}

/// The second result: a list of answers for each plan.
void push_before(lua_State* L, const std::vector<host::Exchange>& asked, const std::vector<host::Answers>& came) {
  if (asked.size() != came.size()) throw Error(ErrorKind::internal, "the engine answered other plans than were sent");
  lua_createtable(L, static_cast<int>(came.size()), 0);
  for (size_t i = 0; i < came.size(); ++i) {
    push_exchanged(L, asked[i].plan, came[i].answers);
    lua_rawseti(L, -2, static_cast<int>(i + 1));
  }
}

}  // namespace

int open_channel(lua_State* L, int index) {
  lua::check_table(L, index,
                   {"keys", "or_keys", "level", "version", "scp", "i", "aid", "s16", "logical_channel", "before"});
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

  request.before = check_before(L, index);

  const uint8_t logical_channel = request.logical_channel;
  const std::string asked = request.keys;
  auto ahead = std::make_shared<const std::vector<host::Exchange>>(request.before);
  return context_of(L).submit(
      L, std::move(request), [asked, logical_channel, ahead](lua_State* state, host::Reply& reply) {
        auto& opened = reply_as<host::ChannelOpened>(reply);
        OpenChannels& channels = context_of(state).channels;
        push_before(state, *ahead, opened.before);
        if (opened.refused) {
          channels.closed_on(logical_channel, "the attempt to open another");
          throw Error(*opened.refused);
        }
        if (opened.channel == 0) {
          lua_pushnil(state);
          lua_insert(state, -2);
          return 2;
        }
        channels.opened(opened.channel, logical_channel);
        const std::string& keys = opened.keys.empty() ? asked : opened.keys;
        const size_t cost =
            sizeof(ChannelHandle) + keys.size() + opened.diversification_data.size() + opened.sequence_counter.size();
        lua::push_handle(state, channel_type(), std::make_unique<ChannelHandle>(opened, keys, logical_channel), cost);
        lua_insert(state, -2);
        return ahead->empty() ? (lua_pop(state, 1), 1) : 2;
      });
}

}  // namespace cw::modules
