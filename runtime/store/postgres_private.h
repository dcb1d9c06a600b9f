// A database on a PostgreSQL server, by libpq: several statements in one round trip, and a new connection where one was
// lost.
//
// Thread rule: one thread at a time.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "store/database.h"

namespace cw::store {

/// `patience`: how long the server may be away, or stand still.
std::unique_ptr<Database> open_postgres(const std::string& url, std::chrono::milliseconds patience);

}  // namespace cw::store
