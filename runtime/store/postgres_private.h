// A database on a PostgreSQL server, by libpq: several statements in one round trip, and a new connection where one was
// lost.
//
// Thread rule: one thread at a time.
#pragma once

#include <memory>
#include <string>

#include "store/database.h"

namespace cw::store {

std::unique_ptr<Database> open_postgres(const std::string& url);

}  // namespace cw::store
