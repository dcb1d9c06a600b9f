// Reading and writing whole files, with errors that name the file.
#pragma once

#include <filesystem>
#include <string>

#include "base/bytes.h"
#include "base/secret.h"

namespace cw {

/// The whole file. Raises usage: missing, unreadable, a folder, or larger than `limit` bytes.
Bytes read_file(const std::filesystem::path& path, size_t limit = 64u << 20);

/// As read_file, for a file that only its owner may read: refuses one whose mode lets group or others in.
Secret read_secret_file(const std::filesystem::path& path, size_t limit = 1u << 20);

/// Writes beside the target and renames, so that a reader sees the old file or the new one, never half of it.
/// `owner_only` gives the file mode 0600, else 0644. What is there and no file (a pipe, /dev/null, a descriptor
/// under /proc or /dev) is written to as it is; a link stays one. Raises usage: cannot write.
void write_file_atomically(const std::filesystem::path& path, ByteView content, bool owner_only);

}  // namespace cw
