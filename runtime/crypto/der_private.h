// Writing DER (X.690), as far as X.509 needs it: a value is made from the values in it. Private to this folder; what is
// read is OpenSSL's.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "base/bytes.h"

namespace cw::crypto {

namespace der {

inline constexpr uint8_t kBoolean = 0x01, kInteger = 0x02, kBitString = 0x03, kOctetString = 0x04, kNull = 0x05,
                         kOid = 0x06, kEnumerated = 0x0A, kUtcTime = 0x17, kGeneralizedTime = 0x18, kSequence = 0x30;

/// Tag, length and the parts one after another.
Bytes value(uint8_t tag, std::initializer_list<ByteView> parts);
inline Bytes sequence(std::initializer_list<ByteView> parts) { return value(kSequence, parts); }
/// [number] around the parts, EXPLICIT or constructed.
Bytes tagged(uint8_t number, std::initializer_list<ByteView> parts);

/// An unsigned big-endian number of any length: leading zeros go, one comes where the first bit is set.
Bytes integer(ByteView number);
Bytes integer(uint64_t number);
/// Whole bytes.
Bytes bit_string(ByteView bytes);
/// Named bits (X.690 11.2.2), bit 0 first: trailing zeros go.
Bytes named_bits(uint32_t bits);
Bytes octet_string(std::initializer_list<ByteView> parts);
/// `nid` is OpenSSL's number of it.
Bytes oid(int nid);
/// Seconds since 1970 as RFC 5280 4.1.2.5 wants it: UTCTime up to 2049.
Bytes time(int64_t seconds);
Bytes generalized_time(int64_t seconds);

}  // namespace der

}  // namespace cw::crypto
