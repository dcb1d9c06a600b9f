#include "card/apdu.h"

#include "base/error.h"

namespace cw::card {

namespace {

constexpr size_t kHeader = 4;
constexpr size_t kShortData = 255;
constexpr uint32_t kShortLe = 256;
constexpr uint32_t kLongLe = 65536;

[[noreturn]] void refuse(const std::string& what) { throw Error(ErrorKind::usage, "not a command APDU: " + what); }

uint32_t short_le(uint8_t byte) { return byte == 0 ? kShortLe : byte; }

uint32_t long_le(ByteView bytes) {
  const auto value = static_cast<uint32_t>(read_be(bytes));
  return value == 0 ? kLongLe : value;
}

void parse_short_body(ByteView body, Apdu& out) {
  const size_t lc = body[0];
  if (body.size() == 1) {
    out.le = short_le(body[0]);
    return;
  }
  if (lc == 0 || (body.size() != 1 + lc && body.size() != 2 + lc)) {
    refuse("Lc says " + std::to_string(lc) + " bytes, " + std::to_string(body.size() - 1) +
           " follow (data, and one byte of Le if any)");
  }
  out.data = to_bytes(body.subspan(1, lc));
  if (body.size() == 2 + lc) out.le = short_le(body.back());
}

void parse_extended_body(ByteView body, Apdu& out) {
  out.extended = true;
  if (body.size() == 3) {
    out.le = long_le(body.subspan(1));
    return;
  }
  const auto lc = static_cast<size_t>(read_be(body.subspan(1, 2)));
  if (lc == 0 || (body.size() != 3 + lc && body.size() != 5 + lc)) {
    refuse("extended Lc says " + std::to_string(lc) + " bytes, " + std::to_string(body.size() - 3) +
           " follow (data, and two bytes of Le if any)");
  }
  out.data = to_bytes(body.subspan(3, lc));
  if (body.size() == 5 + lc) out.le = long_le(body.last(2));
}

}  // namespace

Bytes Apdu::encode() const {
  if (data.size() > 65535) refuse("data of " + std::to_string(data.size()) + " bytes, 65535 is the most");
  if (le && (*le == 0 || *le > kLongLe)) refuse("Le of " + std::to_string(*le) + ", wanted 1 to 65536");
  const bool wide = (extended && (!data.empty() || le)) || data.size() > kShortData || (le && *le > kShortLe);

  Bytes out = {cla, ins, p1, p2};
  if (wide) out.push_back(0);
  if (!data.empty()) {
    append_be(out, data.size(), wide ? 2 : 1);
    append(out, data);
  }
  if (le) append_be(out, *le, wide ? 2 : 1);  // 256 and 65536 become zeros
  return out;
}

Apdu Apdu::parse(ByteView bytes) {
  if (bytes.size() < kHeader) refuse(std::to_string(bytes.size()) + " bytes, the header alone has 4");
  Apdu out{.cla = bytes[0], .ins = bytes[1], .p1 = bytes[2], .p2 = bytes[3]};
  const ByteView body = bytes.subspan(kHeader);
  if (body.empty()) return out;
  // 7816-3 12.1.3: a first body byte of 00 with two or more bytes behind it announces the extended form.
  if (body[0] == 0 && body.size() >= 3) {
    parse_extended_body(body, out);
  } else {
    parse_short_body(body, out);
  }
  return out;
}

Bytes Response::encode() const {
  Bytes out = data;
  append_be(out, sw, 2);
  return out;
}

Response Response::parse(ByteView bytes) {
  if (bytes.size() < 2) {
    throw Error(ErrorKind::reader, "reading the answer: " + std::to_string(bytes.size()) +
                                       " bytes and no status word; the card was torn or the reader cut the answer");
  }
  return {to_bytes(bytes.first(bytes.size() - 2)), static_cast<uint16_t>(read_be(bytes.last(2)))};
}

namespace {

// Further interindustry coding (7816-4 5.4.1): b8 stays proprietary or not, b7 set, b6 secure messaging, b5 chaining,
// b4..b1 channel - 4. First coding: b5 chaining, b4 b3 secure messaging, b2 b1 channel.
constexpr uint8_t kFurther = 0x40;
constexpr uint8_t kChaining = 0x10;
constexpr uint8_t kProprietary = 0x80;

bool is_further(uint8_t cla) { return (cla & kFurther) != 0; }

}  // namespace

uint8_t with_channel(uint8_t cla, unsigned channel) {
  if (channel > 19) {
    throw Error(ErrorKind::usage, "logical channel " + std::to_string(channel) + " does not exist, 0 to 19 do");
  }
  const uint8_t kept = cla & (kProprietary | kChaining);
  const uint8_t secure = is_further(cla) ? ((cla & 0x20) != 0 ? 0x04 : 0x00) : (cla & 0x0C);
  if (channel < 4) return static_cast<uint8_t>(kept | secure | channel);
  return static_cast<uint8_t>(kept | kFurther | (secure != 0 ? 0x20 : 0x00) | (channel - 4));
}

unsigned channel_of(uint8_t cla) { return is_further(cla) ? 4u + (cla & 0x0F) : cla & 0x03; }

}  // namespace cw::card
