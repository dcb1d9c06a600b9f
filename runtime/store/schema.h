// The tables, format by format, and bringing a database to the newest.
//
// Thread rule: any thread.
#pragma once

#include <string>
#include <vector>

#include "store/database.h"

namespace cw::store {

/// What has to be run to come from the format before this one to this one.
struct Format {
  int64_t number = 0;
  std::vector<std::string> statements{};
};

/// All formats that there were, oldest first.
const std::vector<Format>& formats();

/// The format of the tables that are there; 0: there are none. Raises store: somebody else's tables.
int64_t format_of(Database& db);

/// Brings `db` to the last of `known`: makes the tables if `make`, changes those of an older format if `migrate`. The
/// format it found. Raises store: there are none, or they are older, and that was not wanted; a newer format.
int64_t bring_up(Database& db, const std::vector<Format>& known, bool make, bool migrate);

}  // namespace cw::store
