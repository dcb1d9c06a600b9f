// Byte strings. Views are borrowed and never outlive their owner; nothing here allocates behind the caller's back.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cw {

using Bytes = std::vector<uint8_t>;
using ByteView = std::span<const uint8_t>;

inline ByteView view(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }
inline std::string_view text_view(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes to_bytes(ByteView bytes) { return {bytes.begin(), bytes.end()}; }
inline Bytes to_bytes(std::string_view text) { return to_bytes(view(text)); }
inline std::string to_string(ByteView bytes) { return std::string(text_view(bytes)); }

inline void append(Bytes& out, ByteView more) { out.insert(out.end(), more.begin(), more.end()); }
inline void append(Bytes& out, std::initializer_list<uint8_t> more) { out.insert(out.end(), more.begin(), more.end()); }

/// All parts, one after the other.
Bytes concat(std::initializer_list<ByteView> parts);

/// Big-endian, the low `width` bytes of `value` (1..8).
void append_be(Bytes& out, uint64_t value, size_t width);

/// Big-endian number in `bytes` (0..8 bytes).
uint64_t read_be(ByteView bytes);

inline bool equal(ByteView a, ByteView b) { return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin()); }

}  // namespace cw
