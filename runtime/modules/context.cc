#include "modules/context.h"

#include <algorithm>
#include <utility>

#include "lua/state.h"

namespace cw::modules {

namespace {

bool may_change(const host::Exchange& exchange) {
  return !std::all_of(exchange.plan.begin(), exchange.plan.end(), host::changes_nothing);
}

/// While a run waits, and on a stage, others may come to the card.
bool may_change_card(const host::Request& request) {
  if (const auto* exchange = std::get_if<host::Exchange>(&request)) return may_change(*exchange);
  if (const auto* open = std::get_if<host::OpenChannel>(&request)) {
    return std::any_of(open->before.begin(), open->before.end(), may_change);
  }
  return std::holds_alternative<host::Reset>(request) || std::holds_alternative<host::Wait>(request) ||
         std::holds_alternative<host::HttpCall>(request) || std::holds_alternative<host::Direction>(request);
}

}  // namespace

void OpenChannels::opened(host::ChannelId channel, uint8_t logical_channel) {
  closed_on(logical_channel, "a new secure channel");
  entries_[channel] = Entry{logical_channel, {}};
}

void OpenChannels::closed(host::ChannelId channel, const std::string& by) {
  const auto found = entries_.find(channel);
  if (found != entries_.end() && found->second.closed_by.empty()) found->second.closed_by = by;
}

void OpenChannels::closed_on(unsigned logical_channel, const std::string& by) {
  for (const auto& [channel, entry] : entries_) {
    if (entry.logical_channel == logical_channel) closed(channel, by);
  }
}

void OpenChannels::closed_all(const std::string& by) {
  for (const auto& [channel, entry] : entries_) closed(channel, by);
}

bool OpenChannels::is_open(host::ChannelId channel) const {
  const auto found = entries_.find(channel);
  return found != entries_.end() && found->second.closed_by.empty();
}

void OpenChannels::check(host::ChannelId channel) const {
  if (is_open(channel)) return;
  const auto found = entries_.find(channel);
  const std::string by = found == entries_.end() ? "an earlier attempt" : found->second.closed_by;
  throw Error(ErrorKind::channel, "the channel was closed by " + by + "; open a new one with Card:open_channel");
}

int Context::submit(lua_State* L, host::Request request, OnReply on_reply) {
  const auto* authentication = std::get_if<host::OpenChannel>(&request);
  authenticating_ = authentication ? std::optional(authentication->logical_channel) : std::nullopt;
  on_reply_ = std::move(on_reply);
  if (may_change_card(request)) ++changes;
  outside.submit(std::move(request));
  return lua::wait(L);
}

int Context::reply(lua_State* L, host::Reply& reply) {
  const OnReply on_reply = std::exchange(on_reply_, {});
  if (!on_reply) throw Error(ErrorKind::internal, "the engine answered, and no native call waits");
  if (const Error* error = std::get_if<Error>(&reply)) {
    // INITIALIZE UPDATE ends the session before, whatever comes of the new one (GPCS 10.2.3).
    if (authenticating_) channels.closed_on(*authenticating_, "the attempt to open another");
    throw *error;
  }
  return on_reply(L, reply);
}

Context& context_of(lua_State* L) { return *static_cast<Context*>(lua::host_of(L)); }

host::Outside& outside_of(lua_State* L) {
  lua::charge(L, 100);
  return context_of(L).outside;
}

}  // namespace cw::modules
