// Files that runs name by their hash, as rows.
//
// Thread rule: any thread.
#pragma once

#include <optional>
#include <string>

#include "store/database.h"

namespace cw::store {

/// A hash in upper case, as to_hex() writes it: the way they are kept.
std::string one_spelling(std::string sha256);

void put_file(Database& db, const std::string& sha256, ByteView sealed);
/// Whether it is there; if so, it is as if put in lately.
bool keep_file(Database& db, const std::string& sha256);
std::optional<Bytes> get_file(Database& db, const std::string& sha256);

}  // namespace cw::store
