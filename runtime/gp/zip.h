// The ZIP archives that CAP files come in, read by the central directory and refused at the first oddity: what two
// readers could understand differently is not loaded onto a card. Everything is checked before the first byte is
// inflated, and inflating stops at the size that the directory states.
//
// Format: PKWARE APPNOTE.TXT 4.3 (records), RFC 1951 (deflate).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace cw::gp {

struct ZipLimits {
  size_t entries = 64;
  size_t entry_size = 1u << 20;
  size_t total_size = 16u << 20;
  size_t ratio = 200;  // uncompressed to compressed, asked of entries over 64 KiB
};

struct ZipEntry {
  std::string name{};
  Bytes content{};
};

/// Whether `file` begins as a ZIP archive.
bool looks_like_zip(ByteView file);

/// All files in the archive, in the order of its directory; folders are left out.
/// Raises cap, naming `origin`, the entry and what to do: end record not at the end, ZIP64, encryption, a method other
/// than stored and deflated, a name that leaves its folder or occurs twice (also in other case), local header and
/// directory that differ, entries that overlap, a size or checksum that lies, and what exceeds `limits`.
std::vector<ZipEntry> read_zip(ByteView file, std::string_view origin, const ZipLimits& limits = {});

}  // namespace cw::gp
