// Command and response APDUs (ISO/IEC 7816-3 12.1, 7816-4 5.1): plain values, no behaviour beyond their coding.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"

namespace cw::card {

/// A command APDU. Case 1: no data, no le. 2: le. 3: data. 4: both.
struct Apdu {
  uint8_t cla = 0;
  uint8_t ins = 0;
  uint8_t p1 = 0;
  uint8_t p2 = 0;
  Bytes data{};                  // 0..65535 bytes
  std::optional<uint32_t> le{};  // expected bytes: 1..65536; 256 is short 00, 65536 extended 0000
  bool extended = false;         // force the extended form; longer data or le takes it anyway

  /// The bytes that travel. Raises usage: data over 65535 bytes, le 0 or over 65536.
  Bytes encode() const;
  /// Reads short and extended, cases 1 to 4. Raises usage: shorter than 4 bytes, Lc that does not match.
  static Apdu parse(ByteView bytes);

  bool operator==(const Apdu&) const = default;
};

/// A response APDU: data and status word.
struct Response {
  Bytes data{};
  uint16_t sw = 0;

  bool ok() const { return sw == 0x9000; }
  Bytes encode() const;
  /// Raises reader: fewer than 2 bytes.
  static Response parse(ByteView bytes);

  bool operator==(const Response&) const = default;
};

/// CLA with the logical channel 0..19 put in (ISO 7816-4 5.4.1; GPCS 11.1.4): 0-3 in b2 b1; 4-19 with b7 set.
/// Secure messaging and chaining bits are kept in the coding of the wanted channel. Raises usage: channel over 19.
uint8_t with_channel(uint8_t cla, unsigned channel);
/// Logical channel that `cla` names.
unsigned channel_of(uint8_t cla);

}  // namespace cw::card
