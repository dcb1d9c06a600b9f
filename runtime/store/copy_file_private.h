// The file of a copy: a line that says what it is, then blocks, each with its length (4 bytes) in front. A block begins
// with a letter:
//   H  the format of the store (8 bytes)
//   T  the name of a table: what follows are its rows
//   R  a row: its values, each a letter (n nothing, i number of 8 bytes, t text, b bytes) and, of t and b, a length of
//      4 bytes and so much
//   E  the end: the checksum over all blocks before, and its code under the store's key (32 bytes each)
// The checksum begins as 32 zeros and becomes SHA-256 over itself and each block. Numbers are big-endian.
//
// Owner: whoever made one. One thread.
#pragma once

#include <filesystem>
#include <fstream>
#include <optional>
#include <ostream>
#include <string>

#include "crypto/seal.h"
#include "store/database.h"

namespace cw::store {

class CopyWriter {
 public:
  CopyWriter(std::ostream& out, int64_t format);

  void table(const std::string& name);
  void row(const Row& row);
  void end(const crypto::SealingKey& key);

 private:
  void block(const Bytes& content);

  std::ostream& out_;
  Bytes sum_ = Bytes(32);
};

/// One row, and where it stands.
struct CopiedRow {
  std::string table{};
  Row row{};
};

class CopyReader {
 public:
  /// Raises usage: cannot be read, or begins with something else.
  CopyReader(const std::filesystem::path& file, const crypto::SealingKey& key);

  int64_t format() const { return format_; }
  /// Nothing: the end was reached, and all before it is as it was written. Raises usage: damaged, cut short, under
  /// another key.
  std::optional<CopiedRow> next();

 private:
  Bytes block();
  void check_end(ByteView content);
  [[noreturn]] void refuse(const std::string& why) const;

  std::filesystem::path file_;
  const crypto::SealingKey& key_;
  std::ifstream in_;
  uint64_t left_ = 0;  // bytes of the file
  Bytes sum_ = Bytes(32);
  int64_t format_ = 0;
  std::string table_;
};

}  // namespace cw::store
