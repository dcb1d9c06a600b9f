// A database in a file, by SQLite: write-ahead log, and a sync for each commit.
//
// Thread rule: one thread at a time.
#pragma once

#include <string>

#include "store/database.h"

namespace cw::store {

/// As open_database().
std::unique_ptr<Database> open_sqlite(const std::string& path, bool make, bool or_read);

}  // namespace cw::store
