// What carries APDUs to a secure element: PC/SC, the simulated card, a remote device, a recording. A Reader moves bytes
// and knows nothing about them. One thread at a time.
#pragma once

#include <string>

#include "base/bytes.h"

namespace cw::card {

class Reader {
 public:
  virtual ~Reader() = default;

  /// Name a person recognises: "sim:generic", a PC/SC reader name.
  virtual std::string name() const = 0;

  /// Powers the card up or resets it, and returns the ATR (2..33 bytes). Raises reader: no card, mute card.
  virtual Bytes reset() = 0;

  /// Instead of reset(): takes the card as another process left it, powered and not reset since. False: that cannot be,
  /// or cannot be told; the card has to be reset.
  virtual bool attach() { return false; }

  /// One command APDU in, one response APDU out (data and the two status bytes), as they travel; 61xx and 6Cxx are
  /// passed up. Raises reader: card removed, torn, reader gone. After that, reset() starts anew.
  virtual Bytes transmit(ByteView command) = 0;
};

}  // namespace cw::card
