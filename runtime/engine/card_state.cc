#include "engine/card_state.h"

#include <algorithm>

#include "card/apdu.h"

namespace cw::engine {

std::optional<ChannelFacts> CardState::facts(host::ChannelId channel) const {
  const auto open = channels.find(channel);
  if (open == channels.end()) return {};
  return ChannelFacts{open->second.scp, open->second.level, open->second.domain};
}

void CardState::answered(const host::Command& command, const host::Answer& answer) {
  if (selects(command)) close_on(static_cast<uint8_t>(card::channel_of(command.cla)));
  selected.answered(command, answer);
}

void CardState::lost(const host::Exchange& plan) {
  channels.erase(plan.channel);
  if (std::none_of(plan.plan.begin(), plan.plan.end(), selects)) return;
  close_on(plan.logical_channel);
  selected.forget(plan.logical_channel);
}

void CardState::opened(const host::OpenChannel& asked, const host::ChannelOpened& opened) {
  channels[opened.channel] = {opened.scp, opened.level, selected.on(asked.logical_channel), asked.logical_channel};
  last = opened.channel;
}

void CardState::close_on(uint8_t logical_channel) {
  std::erase_if(channels, [&](const auto& entry) { return entry.second.logical_channel == logical_channel; });
}

}  // namespace cw::engine
