// What is selected and open on a card, as commands and answers tell: the same for a card and for its recording.
//
// Owner: one attempt. Plain values.
#pragma once

#include "engine/gate.h"
#include "engine/selection.h"

namespace cw::engine {

struct CardState {
  /// A secure channel, as the gate judges by it.
  struct Open {
    uint8_t scp = 0;
    uint8_t level = 0;
    Bytes domain{};  // AID, as the card gave it; empty: the ISD
    uint8_t logical_channel = 0;
  };
  std::map<host::ChannelId, Open> channels{};
  Selection selected{};
  host::ChannelId last = 0;  // channel id that was given

  /// What the gate is to know of a channel; empty if it is not open.
  std::optional<ChannelFacts> facts(host::ChannelId channel) const;
  /// The plan ended with an error: what of it was sent is not known.
  void lost(const host::Exchange& plan);
  /// A command that was sent, and its answer.
  void answered(const host::Command& command, const host::Answer& answer);
  void opened(const host::OpenChannel& asked, const host::ChannelOpened& opened);
  /// Opening a channel, or selecting, ends what was open on that logical channel.
  void close_on(uint8_t logical_channel);
};

}  // namespace cw::engine
