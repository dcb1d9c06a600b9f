// What a simulated card says to vpcd, the virtual PC/SC reader of vsmartcard: its messages without the connection that
// carries them. A message is a length of two bytes, big-endian, and as many bytes; one byte alone is for the reader's
// contacts (0 power off, 1 power on, 2 reset, 4 which ATR), anything else is a command APDU. Only the ATR and APDUs are
// answered (vsmartcard, virtualsmartcard/src/vpcd/vpcd.c).
//
// Borrows the card. One thread at a time, and while it runs no other touches the card.
#pragma once

#include <functional>

#include "se/card.h"

namespace cw::se {

class VpcdPort {
 public:
  struct Hooks {
    /// Every command and its answer; empty: the card lost power. The card is as the command left it.
    std::function<void(const Card&, ByteView command, ByteView response)> exchanged{};
    /// Power came or went.
    std::function<void(const Card&, bool powered)> power{};
    /// The memory changed. Called before the answer leaves, so that what was answered is kept; what it raises goes to
    /// the caller of take().
    std::function<void(const Card&)> changed{};
  };

  VpcdPort(Card& card, Hooks hooks);

  /// Bytes that came from the reader, cut anywhere. False: the card is mute and the connection is to be dropped, which
  /// is how vpcd learns that the card is gone.
  bool take(ByteView bytes);
  /// What is to go to the reader.
  Bytes& output() { return output_; }
  /// A message came in: the reader has noticed the card.
  bool noticed() const { return noticed_; }

 private:
  bool take_message(ByteView message);
  bool control(uint8_t what);
  void reply(ByteView message);
  void save_if_changed();

  Card& card_;
  Hooks hooks_;
  uint64_t saved_;
  Bytes input_{};
  Bytes output_{};
  bool noticed_ = false;
};

}  // namespace cw::se
