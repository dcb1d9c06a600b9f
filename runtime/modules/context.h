// What the native modules know of the attempt they run in. The engine makes one per attempt, gives its address to the
// State as host, and answers what a script waits for:
//
//   Context context(outside);
//   State state({.modules = &modules(), .host = &context, ...});
//   ... outside.submit() was called, state.start() said `waiting`, the reply is there ...
//   state.resume([&](lua_State* L) { return context.reply(L, reply); });
//
// Owner: one attempt; outlives its State. One thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include <lua.hpp>

#include "host/outside.h"

namespace cw::modules {

/// Which secure channels are open, and what closed the others. A card ends a session without a word when another
/// application is selected (GPCS 10.2.3); without this the script would only see a 6982 later.
class OpenChannels {
 public:
  /// A session that was open on the same logical channel ends with it.
  void opened(host::ChannelId channel, uint8_t logical_channel);
  void closed(host::ChannelId channel, const std::string& by);
  void closed_on(unsigned logical_channel, const std::string& by);
  void closed_all(const std::string& by);

  bool is_open(host::ChannelId channel) const;
  /// Raises channel: "the channel was closed by SELECT; ...".
  void check(host::ChannelId channel) const;

 private:
  struct Entry {
    uint8_t logical_channel = 0;
    std::string closed_by{};  // empty: open
  };
  std::map<host::ChannelId, Entry> entries_;
};

class Context {
 public:
  /// Turns a reply into the results of the native call that waits: pushes them, returns how many; may throw Error.
  /// Holds C++ values only, never Lua state: the call's stack is gone by then.
  using OnReply = std::function<int(lua_State*, host::Reply&)>;

  explicit Context(host::Outside& o) : outside(o) {}

  /// For native functions: hands `request` over and yields; `return context.submit(...)`.
  int submit(lua_State* L, host::Request request, OnReply on_reply);
  /// For the engine, within State::resume: the results of the call that waits. An Error is thrown, and the script that
  /// called sees it raised.
  int reply(lua_State* L, host::Reply& reply);

  host::Outside& outside;
  OpenChannels channels{};
  /// Grows with each request after which the card may be another than it was: what was read of it before is old then.
  uint64_t changes = 0;

 private:
  OnReply on_reply_{};
  std::optional<uint8_t> authenticating_{};  // logical channel of the authentication that is under way
};

/// The Context of the state that `L` belongs to.
Context& context_of(lua_State* L);
/// Its Outside, for calls that answer at once. Each is an input that a journal keeps, and is charged to the run as
/// such.
host::Outside& outside_of(lua_State* L);

/// The reply as the `T` that answers the request. Raises internal: the engine answered with something else.
template <class T>
T& reply_as(host::Reply& reply) {
  if (T* wanted = std::get_if<T>(&reply)) return *wanted;
  throw Error(ErrorKind::internal, "the engine answered a request with a reply of another kind");
}

}  // namespace cw::modules
