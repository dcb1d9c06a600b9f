#include "engine/attempt_budget.h"

#include "base/error.h"
#include "base/hex.h"

namespace cw::engine {

void AttemptBudget::spend(const Target& target) {
  Account& account = accounts_[target];
  const std::string what = "key set '" + target.keys + "' on security domain " +
                           (target.aid.empty() ? "(the default one)" : to_hex(target.aid));
  if (account.mismatched) {
    throw Error(ErrorKind::budget, "not opening a channel: " + what +
                                       " was refused before in this run, and another try may lock the card; check the "
                                       "key set and its diversification");
  }
  if (account.spent >= limit_) {
    throw Error(ErrorKind::budget, "not opening a channel: " + what + " has used its " + std::to_string(limit_) +
                                       " authentication attempts of this run (policy limits.auth_attempts)");
  }
  ++account.spent;
}

void AttemptBudget::verified(const Target& target) {
  Account& account = accounts_[target];
  if (!count_all_ && account.spent > 0) --account.spent;
}

void AttemptBudget::mismatched(const Target& target) { accounts_[target].mismatched = true; }

}  // namespace cw::engine
