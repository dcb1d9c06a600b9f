// How much of what a run is refused goes to the audit.
#pragma once

#include <cstddef>

namespace cw::journal {

/// So many refusals of a run does one process write to the audit: of its policy, and as many of budgets.
inline constexpr size_t kRefusals = 100;

}  // namespace cw::journal
