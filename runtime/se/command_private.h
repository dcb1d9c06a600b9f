// A command APDU as the card reads it, and its answer. The card has its own reader of both, so that it does not share
// the host's mistakes.
#pragma once

#include <optional>
#include <utility>

#include "base/bytes.h"
#include "status_private.h"

namespace cw::se {

template <class T>
constexpr uint8_t u8(T value) {
  return static_cast<uint8_t>(value);
}
template <class T>
constexpr uint16_t u16(T value) {
  return static_cast<uint16_t>(value);
}

struct Command {
  uint8_t cla = 0;
  uint8_t ins = 0;
  uint8_t p1 = 0;
  uint8_t p2 = 0;
  ByteView data{};  // borrowed
  bool extended = false;

  bool globalplatform() const { return (cla & 0x80) != 0; }
  bool further() const { return (cla & 0x40) != 0; }  // channels 4..19 (GPCS 11.1.4.2)
  unsigned channel() const { return further() ? 4 + (cla & 0x0Fu) : cla & 0x03u; }
  bool secured() const { return (cla & (further() ? 0x20 : 0x0C)) != 0; }
  bool chained() const { return (cla & 0x10) != 0; }
  bool valid_class() const { return cla != 0xFF && (further() || (cla & 0x20) == 0); }
  uint16_t p1p2() const { return u16(p1 << 8 | p2); }

  /// Short and extended, cases 1 to 4; nothing if the lengths do not fit.
  static std::optional<Command> parse(ByteView bytes);
};

struct Reply {
  Bytes data{};
  uint16_t status = sw::kOk;
};

/// These bytes, with room for `room` more.
Bytes begin_with(std::initializer_list<uint8_t> first, size_t room);

/// Lc as it goes into a C-MAC: one byte, or 00 and two for a command that was cut after wrapping (GPCS 11.1.5.1).
inline void append_lc(Bytes& out, size_t lc) {
  if (lc > 255) out.push_back(0);
  append_be(out, lc, lc > 255 ? 2 : 1);
}

}  // namespace cw::se
