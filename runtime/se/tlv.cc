#include "status_private.h"
#include "tlv_private.h"

namespace cw::se {
namespace {

std::optional<size_t> take_length(ByteView& rest) {
  if (rest.empty()) return {};
  const uint8_t first = rest[0];
  rest = rest.subspan(1);
  if (first < 0x80) return first;
  const size_t bytes = first & 0x7Fu;
  if (bytes == 0 || bytes > 3 || rest.size() < bytes) return {};
  const size_t length = read_be(rest.first(bytes));
  rest = rest.subspan(bytes);
  return length;
}

}  // namespace

std::optional<Tlv> TlvReader::next() {
  ByteView rest = rest_;
  if (rest.empty()) return {};
  uint32_t tag = rest[0];
  rest = rest.subspan(1);
  if ((tag & 0x1F) == 0x1F) {
    do {
      if (rest.empty() || tag > 0xFFFF) return {};
      tag = tag << 8 | rest[0];
      rest = rest.subspan(1);
    } while ((tag & 0x80) != 0);
  }
  const std::optional<size_t> length = take_length(rest);
  if (!length || *length > rest.size()) return {};
  rest_ = rest.subspan(*length);
  return Tlv{tag, rest.first(*length)};
}

std::vector<Tlv> parse_tlvs(ByteView bytes) {
  std::vector<Tlv> all;
  TlvReader reader(bytes);
  while (!reader.done()) {
    const std::optional<Tlv> one = reader.next();
    if (!one) refuse(sw::kWrongData, "data objects are cut or badly coded");
    all.push_back(*one);
  }
  return all;
}

std::optional<ByteView> find_tlv(const std::vector<Tlv>& tlvs, uint32_t tag) {
  for (const Tlv& one : tlvs) {
    if (one.tag == tag) return one.value;
  }
  return {};
}

void put_tlv(Bytes& out, uint32_t tag, ByteView value) {
  append_be(out, tag, tag > 0xFFFF ? 3 : tag > 0xFF ? 2 : 1);
  put_ber_length(out, value.size());
  append(out, value);
}

void put_ber_length(Bytes& out, size_t length) {
  if (length > 0xFFFF) {
    out.push_back(0x83);
    append_be(out, length, 3);
  } else if (length > 0xFF) {
    out.push_back(0x82);
    append_be(out, length, 2);
  } else {
    if (length > 0x7F) out.push_back(0x81);
    append_be(out, length, 1);
  }
}

Bytes tlv(uint32_t tag, ByteView value) {
  Bytes out;
  put_tlv(out, tag, value);
  return out;
}

void put_lv(Bytes& out, ByteView value) {
  append_be(out, value.size(), 1);
  append(out, value);
}

ByteView LvReader::next() {
  if (rest_.empty()) refuse(sw::kWrongData, "the command data ends before its last field");
  size_t length = 0;
  if (rest_[0] == 0x80) {
    length = 128;
    rest_ = rest_.subspan(1);
  } else {
    const std::optional<size_t> read = take_length(rest_);
    if (!read) refuse(sw::kWrongData, "a field's length is badly coded");
    length = *read;
  }
  if (length > rest_.size()) refuse(sw::kWrongData, "a field is longer than the command data");
  const ByteView value = rest_.first(length);
  rest_ = rest_.subspan(length);
  return value;
}

}  // namespace cw::se
