// BER-TLV data objects (ISO/IEC 7816-4 5.2.2; X.690 8.1): tags of 1 to 3 bytes, definite lengths.
//
// Cards break the rules in known ways: a constructed tag whose inside is no TLV (tag 65 in a real FCI), lengths longer
// than needed, 00 between objects. The forgiving way reads all that; the strict way is for what we build ourselves and
// for telling whether a card follows the rules.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace cw::card {

/// A tag as its bytes stand: 0x4F, 0x9F70, 0x5FC105.
using Tag = uint32_t;

struct Tlv {
  Tag tag = 0;
  Bytes value{};                // the content as it travelled, also of a constructed object
  std::vector<Tlv> children{};  // objects inside a constructed one; empty if its inside is no TLV

  bool operator==(const Tlv&) const = default;
};

using TlvList = std::vector<Tlv>;

enum class TlvReading {
  forgiving,  // 00 (and FF to the end) as padding, long lengths, anything inside constructed objects
  strict,     // shortest lengths only, no padding, constructed objects hold objects
};

constexpr size_t kMaxTlvDepth = 16;
constexpr size_t kMaxTlvObjects = 4096;

/// All objects in `bytes`. Deeper than kMaxTlvDepth stays uncut (forgiving) or is refused (strict).
/// Raises card: cut short, indefinite length, tag over 3 bytes, more than kMaxTlvObjects, and what strict refuses.
TlvList parse_tlv(ByteView bytes, TlvReading reading = TlvReading::forgiving);

/// The first object at a path of tags, "6F/A5/9F65"; nullptr if there is none. Raises usage: a path that is not one.
const Tlv* find(const TlvList& objects, std::string_view path);
/// The first object with this tag at the top.
const Tlv* find(const TlvList& objects, Tag tag);

/// Tag and length at the start of `bytes`; nothing if they are cut short or not BER.
struct TlvHeader {
  Tag tag = 0;
  size_t length = 0;
  size_t size = 0;       // bytes of tag and length together
  bool shortest = true;  // the length is coded in as few bytes as can be
};
std::optional<TlvHeader> read_tlv_header(ByteView bytes);

/// Length in its shortest form: 7F, 81 80, 82 01 00, ...
Bytes ber_length(size_t length);
/// The bytes of a tag.
Bytes tag_bytes(Tag tag);
/// One object.
Bytes tlv(Tag tag, ByteView value);
/// Length and value, as GlobalPlatform's INSTALL fields: a length of one byte up to 127, BER beyond (GPCS 11.1.5.2).
Bytes lv(ByteView value);
/// The objects one after the other, rebuilt from their children where they have any.
Bytes encode(const TlvList& objects);

}  // namespace cw::card
