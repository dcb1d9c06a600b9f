// BER-TLV (ISO/IEC 8825-1, definite lengths) and length-value fields, as the card reads and writes them.
#pragma once

#include <optional>

#include "base/bytes.h"

namespace cw::se {

struct Tlv {
  uint32_t tag = 0;
  ByteView value{};
};

/// Goes through the data objects of one level.
class TlvReader {
 public:
  explicit TlvReader(ByteView bytes) : rest_(bytes) {}

  bool done() const { return rest_.empty(); }
  ByteView rest() const { return rest_; }
  /// Nothing if the next object is cut or badly coded; the reader then stays before it.
  std::optional<Tlv> next();

 private:
  ByteView rest_;
};

/// All objects of one level. Refuses with 6A80 if the bytes are not data objects.
std::vector<Tlv> parse_tlvs(ByteView bytes);

/// The first object with this tag.
std::optional<ByteView> find_tlv(const std::vector<Tlv>& tlvs, uint32_t tag);

/// Appends tag, length and value.
void put_tlv(Bytes& out, uint32_t tag, ByteView value);
Bytes tlv(uint32_t tag, ByteView value);

/// Appends an AID with its length in front.
void put_lv(Bytes& out, ByteView value);
/// Appends a length as BER has it.
void put_ber_length(Bytes& out, size_t length);

/// Reads fields of INSTALL: length, value, length, value ... A length of 128 may be written 80 or 81 80.
class LvReader {
 public:
  explicit LvReader(ByteView bytes) : rest_(bytes) {}

  bool done() const { return rest_.empty(); }
  ByteView rest() const { return rest_; }
  /// Refuses with 6A80: cut.
  ByteView next();

 private:
  ByteView rest_;
};

}  // namespace cw::se
