// How many runs began, for policies that let no more begin: counted in the transaction that begins one, so that two
// nodes do not take the same place.
//
// Thread rule: any thread.
#pragma once

#include <vector>

#include "store/database.h"
#include "store/runs.h"

namespace cw::store {

/// In the transaction that is to begin this run. Raises policy, with the cause "quota": as many began already, and when
/// there is room again; store.
void want_room(Database& db, const RunRow& row, const std::vector<Quota>& quotas);

}  // namespace cw::store
