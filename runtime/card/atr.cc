#include "card/atr.h"

namespace cw::card {

namespace {

constexpr uint8_t kCapabilities = 7;  // COMPACT-TLV tag
constexpr uint8_t kExtendedFields = 0x40;

/// The COMPACT-TLV objects among the historical bytes (7816-4 12.1.1): behind category 80 all of them, behind 00 all
/// but three bytes of status.
ByteView compact_tlv(ByteView historical) {
  if (historical.empty()) return {};
  if (historical[0] == 0x80) return historical.subspan(1);
  if (historical[0] == 0x00 && historical.size() >= 4) return historical.subspan(1, historical.size() - 4);
  return {};
}

}  // namespace

std::optional<Atr> Atr::parse(ByteView bytes) {
  if (bytes.size() < 2) return {};
  Atr atr;
  size_t at = 2;
  const size_t historical = bytes[1] & 0x0F;
  bool first_protocol = true;
  // Y says which of TA TB TC TD follow; TD has the next Y and a protocol. T=15 is no protocol (8.2.3).
  for (uint8_t y = bytes[1] >> 4; y != 0;) {
    for (uint8_t bit = 1; bit < 8; bit = static_cast<uint8_t>(bit << 1)) at += (y & bit) != 0;
    if ((y & 8) == 0) break;
    if (at >= bytes.size()) return {};
    const uint8_t td = bytes[at++];
    atr.t0 = atr.t0 || (td & 0x0F) == 0;
    atr.t1 = atr.t1 || (td & 0x0F) == 1;
    first_protocol = false;
    y = td >> 4;
  }
  if (first_protocol) atr.t0 = true;
  if (at + historical > bytes.size()) return {};
  atr.historical = to_bytes(bytes.subspan(at, historical));
  return atr;
}

bool Atr::extended_length() const {
  for (ByteView rest = compact_tlv(historical); !rest.empty();) {
    const uint8_t tag = rest[0] >> 4;
    const size_t length = rest[0] & 0x0F;
    if (1 + length > rest.size()) return false;
    if (tag == kCapabilities) return length >= 3 && (rest[3] & kExtendedFields) != 0;
    rest = rest.subspan(1 + length);
  }
  return false;
}

}  // namespace cw::card
