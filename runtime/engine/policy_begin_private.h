// What of a policy is about when and how often runs begin, and who has to agree to a swap.
//
// Plain functions. All of them raise policy, with the place: what is wrong there.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "engine/plain.h"
#include "engine/quota.h"
#include "engine/time_window.h"

namespace cw::engine {

/// {days = "mon-fri" or a list of such, from = "08:00", to = "18:00"}; each may be left out. `op`: a predicate.
TimeWindow read_window(const std::string& place, const Plain& plain, bool op = false);
std::vector<TimeWindow> read_windows(const std::string& place, const Plain& plain);
/// A list of {flows = {pattern...}, per_hour = N, per_day = N, at_once = N}.
std::vector<Quota> read_quotas(const std::string& place, const Plain& plain);
/// A list of names of actions.
std::set<std::string> read_approval(const std::string& place, const Plain& plain);

}  // namespace cw::engine
