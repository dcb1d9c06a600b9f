#include "gp/zip.h"

#include <zlib.h>

#include "base/error.h"
#include "zip_directory_private.h"

namespace cw::gp {

namespace {

constexpr size_t kRatioFrom = 64u << 10;

void check_limits(const ZipDirectory& directory, const ZipLimits& limits) {
  size_t total = 0;
  for (const ZipRecord& entry : directory.entries) {
    if (entry.size > limits.entry_size) {
      directory.refuse(entry, "unpacks to " + std::to_string(entry.size) + " bytes, the limit is " +
                                  std::to_string(limits.entry_size));
    }
    if (entry.size > kRatioFrom && entry.size / limits.ratio > entry.packed_size) {
      directory.refuse(entry, "unpacks to more than " + std::to_string(limits.ratio) +
                                  " times its size: a decompression bomb; do not use this file");
    }
    total += entry.size;
    if (total > limits.total_size) {
      directory.refuse(entry, "brings the archive over the limit of " + std::to_string(limits.total_size) + " bytes");
    }
  }
}

/// Raw deflate (RFC 1951) into exactly the stated size, from exactly the stated bytes.
Bytes inflate_entry(const ZipDirectory& directory, const ZipRecord& entry, ByteView packed) {
  struct Stream {
    z_stream z{};
    ~Stream() { inflateEnd(&z); }
  } stream;
  if (inflateInit2(&stream.z, -MAX_WBITS) != Z_OK) throw Error(ErrorKind::internal, "zlib did not start");

  Bytes out(entry.size + 1);  // one byte more, so that an entry that is too long shows
  stream.z.next_in = const_cast<Bytef*>(packed.data());
  stream.z.avail_in = static_cast<uInt>(packed.size());
  stream.z.next_out = out.data();
  stream.z.avail_out = static_cast<uInt>(out.size());
  const int result = inflate(&stream.z, Z_FINISH);
  if (result != Z_STREAM_END || stream.z.avail_in != 0 || stream.z.total_out != entry.size) {
    directory.refuse(entry, "its compressed data do not unpack to the " + std::to_string(entry.size) +
                                " bytes the directory states; the file is damaged, get it again");
  }
  out.resize(entry.size);
  return out;
}

Bytes content_of(const ZipDirectory& directory, const ZipRecord& entry, ByteView file) {
  const ByteView packed = file.subspan(entry.data_offset, entry.packed_size);
  Bytes out = entry.method == kStored ? to_bytes(packed) : inflate_entry(directory, entry, packed);
  if (crc32(0, out.data(), static_cast<uInt>(out.size())) != entry.crc) {
    directory.refuse(entry, "checksum does not match; the file is damaged, get it again");
  }
  return out;
}

}  // namespace

bool looks_like_zip(ByteView file) { return file.size() >= 4 && file[0] == 'P' && file[1] == 'K'; }

std::vector<ZipEntry> read_zip(ByteView file, std::string_view origin, const ZipLimits& limits) {
  const ZipDirectory directory = read_zip_directory(file, origin, limits.entries);
  check_limits(directory, limits);
  std::vector<ZipEntry> out;
  for (const ZipRecord& entry : directory.entries) {
    if (entry.name.ends_with('/')) continue;
    out.push_back({entry.name, content_of(directory, entry, file)});
  }
  return out;
}

}  // namespace cw::gp
