#include <algorithm>
#include <array>
#include <ctime>

#include <openssl/objects.h>

#include "base/error.h"
#include "der_private.h"

namespace cw::crypto::der {

namespace {

struct tm parts_of(int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  struct tm utc {};
  if (::gmtime_r(&time, &utc) == nullptr || utc.tm_year > 9999 - 1900 || utc.tm_year < 1950 - 1900) {
    throw Error(ErrorKind::usage, "a certificate has no way to write a time before 1950 or after 9999");
  }
  return utc;
}

Bytes written(uint8_t tag, const char* format, const struct tm& utc) {
  std::array<char, 32> text{};
  const size_t size = std::strftime(text.data(), text.size(), format, &utc);
  return value(tag, {view(std::string_view(text.data(), size))});
}

}  // namespace

Bytes value(uint8_t tag, std::initializer_list<ByteView> parts) {
  size_t size = 0;
  for (const ByteView part : parts) size += part.size();
  Bytes out = {tag};
  if (size < 0x80) {
    out.push_back(static_cast<uint8_t>(size));
  } else {
    const size_t width = size > 0xFFFFFF ? 4 : size > 0xFFFF ? 3 : size > 0xFF ? 2 : 1;
    out.push_back(static_cast<uint8_t>(0x80 | width));
    append_be(out, size, width);
  }
  for (const ByteView part : parts) append(out, part);
  return out;
}

Bytes tagged(uint8_t number, std::initializer_list<ByteView> parts) {
  return value(static_cast<uint8_t>(0xA0 | number), parts);
}

Bytes integer(ByteView number) {
  while (number.size() > 1 && number.front() == 0) number = number.subspan(1);
  const Bytes zero = {0};
  if (number.empty()) return value(kInteger, {zero});
  if ((number.front() & 0x80) == 0) return value(kInteger, {number});
  return value(kInteger, {zero, number});
}

Bytes integer(uint64_t number) {
  Bytes bytes;
  append_be(bytes, number, 8);
  return integer(ByteView(bytes));
}

Bytes bit_string(ByteView bytes) {
  const Bytes unused = {0};
  return value(kBitString, {unused, bytes});
}

Bytes named_bits(uint32_t bits) {
  Bytes content = {0};
  for (unsigned bit = 0; bits >> bit != 0; ++bit) {
    if (bit % 8 == 0) content.push_back(0);
    if ((bits >> bit & 1) != 0) content.back() |= static_cast<uint8_t>(0x80 >> bit % 8);
    content.front() = static_cast<uint8_t>(7 - bit % 8);
  }
  return value(kBitString, {content});
}

Bytes octet_string(std::initializer_list<ByteView> parts) { return value(kOctetString, parts); }

Bytes oid(int nid) {
  const ASN1_OBJECT* object = OBJ_nid2obj(nid);
  const unsigned char* data = object == nullptr ? nullptr : OBJ_get0_data(object);
  if (data == nullptr) throw Error(ErrorKind::internal, "OpenSSL has no object identifier " + std::to_string(nid));
  return value(kOid, {ByteView(data, OBJ_length(object))});
}

Bytes time(int64_t seconds) {
  const struct tm utc = parts_of(seconds);
  return utc.tm_year < 2050 - 1900 ? written(kUtcTime, "%y%m%d%H%M%SZ", utc) : generalized_time(seconds);
}

Bytes generalized_time(int64_t seconds) { return written(kGeneralizedTime, "%Y%m%d%H%M%SZ", parts_of(seconds)); }

}  // namespace cw::crypto::der
