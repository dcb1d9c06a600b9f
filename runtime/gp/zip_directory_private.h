// The central directory of a ZIP archive, checked against the local headers; nothing is unpacked here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace cw::gp {

constexpr uint16_t kStored = 0;
constexpr uint16_t kDeflated = 8;

struct ZipRecord {
  std::string name{};
  uint16_t flags = 0;
  uint16_t method = 0;
  uint32_t crc = 0;
  size_t packed_size = 0;
  size_t size = 0;
  size_t header_offset = 0;
  size_t data_offset = 0;
};

struct ZipDirectory {
  std::string origin{};
  std::vector<ZipRecord> entries{};

  [[noreturn]] void refuse(const std::string& what) const;
  [[noreturn]] void refuse(const ZipRecord& entry, const std::string& what) const;
};

ZipDirectory read_zip_directory(ByteView file, std::string_view origin, size_t max_entries);

}  // namespace cw::gp
