// How many runs there are in each state, without reading them.
//
// Thread rule: any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/database.h"
#include "store/runs.h"

namespace cw::store {

/// All states, those with no run, too. `owner`: of theirs; absent: of all. Raises store.
std::vector<std::pair<RunState, int64_t>> run_counts(Database& db, const std::optional<std::string>& owner = {});

}  // namespace cw::store
