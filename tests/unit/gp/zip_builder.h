// ZIP archives made by hand, so that a test can lie in any field.
#pragma once

#include <string>
#include <vector>

#include <zlib.h>

#include "base/bytes.h"

namespace cw::gp::testing {

struct ZipPart {
  std::string name{};
  Bytes content{};
  bool deflated = false;
  std::string local_name{};  // if it is to differ
  uint16_t flags = 0;
  uint16_t local_flags_xor = 0;
  uint32_t crc_xor = 0;
  int64_t size_change = 0;  // of the uncompressed size, in both headers
  int64_t packed_change = 0;
  int64_t offset_change = 0;
  uint16_t method_change = 0;
};

/// Little-endian; more than eight bytes are zeros behind the number.
inline void little(Bytes& out, uint64_t value, size_t width) {
  for (size_t i = 0; i < width; ++i) out.push_back(i < 8 ? static_cast<uint8_t>(value >> (8 * i)) : uint8_t{0});
}

inline Bytes deflated(ByteView content) {
  z_stream z{};
  deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  Bytes out(deflateBound(&z, content.size()) + 16);
  z.next_in = const_cast<Bytef*>(content.data());
  z.avail_in = static_cast<uInt>(content.size());
  z.next_out = out.data();
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

inline Bytes make_zip(const std::vector<ZipPart>& parts, std::string_view comment = {}) {
  Bytes out;
  Bytes directory;
  for (const ZipPart& part : parts) {
    const Bytes packed = part.deflated ? deflated(part.content) : part.content;
    const auto crc = static_cast<uint32_t>(crc32(0, part.content.data(), static_cast<uInt>(part.content.size())));
    const uint64_t offset = out.size();
    const std::string& local_name = part.local_name.empty() ? part.name : part.local_name;
    const auto tail = [&](Bytes& to, size_t name_size) {
      little(to, (part.deflated ? 8u : 0u) + part.method_change, 2);
      little(to, 0, 4);  // time, date
      little(to, crc ^ part.crc_xor, 4);
      little(to, packed.size() + part.packed_change, 4);
      little(to, part.content.size() + part.size_change, 4);
      little(to, name_size, 2);
      little(to, 0, 2);
    };
    little(out, 0x04034B50, 4);
    little(out, 20, 2);
    little(out, part.flags ^ part.local_flags_xor, 2);
    tail(out, local_name.size());
    append(out, view(local_name));
    append(out, packed);

    little(directory, 0x02014B50, 4);
    little(directory, 20, 2);
    little(directory, 20, 2);
    little(directory, part.flags, 2);
    tail(directory, part.name.size());
    little(directory, 0, 10);  // comment, disk, attributes
    little(directory, offset + part.offset_change, 4);
    append(directory, view(part.name));
  }
  const uint64_t start = out.size();
  append(out, directory);
  little(out, 0x06054B50, 4);
  little(out, 0, 4);
  little(out, parts.size(), 2);
  little(out, parts.size(), 2);
  little(out, directory.size(), 4);
  little(out, start, 4);
  little(out, comment.size(), 2);
  append(out, view(comment));
  return out;
}

}  // namespace cw::gp::testing
