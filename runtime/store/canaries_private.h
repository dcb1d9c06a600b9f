// Canaries in their tables. Whoever changes one holds the row of in_use first; what came of a run is counted with the
// frame that ends it.
//
// Thread rule: any thread. All of them raise store.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/canary.h"
#include "store/database.h"
#include "store/runs.h"

namespace cw::store {

/// The newest first.
std::vector<Canary> canaries_of(Database& db, const std::string& what);
std::optional<Canary> canary_numbered(Database& db, const std::string& what, int64_t number);
/// The one that is under way.
std::optional<Canary> canary_under_way(Database& db, const std::string& what);

void begin_canary(Database& db, const std::string& what, const Canary& canary);
void change_share(Database& db, const std::string& what, const Canary& canary, int64_t share);
/// `canary` is as it ended.
void end_canary(Database& db, const std::string& what, const Canary& canary);

/// A run that begins while it is under way.
Statement take_part(const std::string& run, const std::string& what, int64_t number, bool is_canary);
/// Whether a run that came to this state has shown what became of it.
inline bool is_outcome(RunState state) { return is_over(state) || state == RunState::stuck; }
/// In the transaction in which the run came to this outcome. Whether it took part in one. An operator's stop says
/// nothing of a version; and what is counted once, is not counted again.
bool count_outcome(Database& db, const std::string& run, RunState state);

}  // namespace cw::store
