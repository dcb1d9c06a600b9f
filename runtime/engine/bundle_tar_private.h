// Files in a tar archive (POSIX ustar), of which each list of files has exactly one: no times, owners or modes of its
// own. tar reads it; what another tar writes is not read here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace cw::engine {

struct TarFile {
  std::string name{};  // 1 to 100 characters
  std::string content{};
};

Bytes write_tar(const std::vector<TarFile>& files);

/// Exactly what write_tar() gives. Raises script, without naming the archive: anything else; more than `count` files or
/// `limit` bytes.
std::vector<TarFile> read_tar(ByteView archive, size_t count, size_t limit);

}  // namespace cw::engine
