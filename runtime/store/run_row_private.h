// A run as a row of its table.
//
// Thread rule: any thread.
#pragma once

#include <string>

#include "store/database.h"
#include "store/runs.h"

namespace cw::store {

/// The columns that run_row() reads, in its order.
extern const char* const kRunColumns;
RunRow run_row(const Row& row);

/// Inserts the run, its first frames and the files that it names, or nothing where its id is there. `fence` 1.
std::vector<Statement> insert_run(const RunRow& row, const std::string& holder, int64_t lease_ms, ByteView key,
                                  const std::vector<Bytes>& frames);

/// Whether all of it is made of the characters of ids, so it may be one or the beginning of one.
bool is_run_id(const std::string& text);

}  // namespace cw::store
