// BER-TLV from a stranger: both readings, path lookup, and writing back what was read.
#include <cstdlib>

#include "base/error.h"
#include "card/tlv.h"

using namespace cw;

namespace {

std::optional<card::TlvList> read(ByteView data, card::TlvReading reading) {
  try {
    return card::parse_tlv(data, reading);
  } catch (const Error&) {
    return std::nullopt;
  }
}

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const ByteView data(bytes, size);
  const auto strict = read(data, card::TlvReading::strict);
  const auto forgiving = read(data, card::TlvReading::forgiving);
  if (strict) require(card::encode(*strict) == to_bytes(data));  // strict means there is one way to write it
  if (strict && forgiving && !data.empty() && data[0] != 0x00 && data[0] != 0xFF) {
    require(forgiving->empty() == strict->empty());
  }
  if (forgiving) {
    const Bytes written = card::encode(*forgiving);
    const auto again = read(written, card::TlvReading::forgiving);
    require(again.has_value() && card::encode(*again) == written);
    card::find(*forgiving, "6F/A5/9F65");
  }
  return 0;
}
