// When a budget is used up, and what is said then.
#pragma once

#include <string>

#include "store/budgets.h"

namespace cw::store {

struct BudgetCount {
  int64_t refused = 0;
  int64_t lost = 0;
  int64_t open = 0;
};

/// One more could go beyond a limit, whatever becomes of those that are open.
bool is_used_up(const BudgetCount& count, const BudgetLimits& limits);

/// Raises budget.
[[noreturn]] void raise_used_up(Charge charge, const Account& account, const BudgetCount& count,
                                const BudgetLimits& limits);

/// Two hexadecimal digits, as key files have them.
std::string version_text(int64_t version);

}  // namespace cw::store
