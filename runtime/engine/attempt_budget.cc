#include "engine/attempt_budget.h"

#include "base/error.h"
#include "base/hex.h"

namespace cw::engine {

unsigned AttemptBudget::spent(const Target& target) const {
  unsigned out = 0;
  for (const auto& [other, count] : accounts_) {
    const bool same_version = other.version == target.version || other.version == 0 || target.version == 0;
    if (other.aid == target.aid && same_version) out += count;
  }
  return out;
}

unsigned& AttemptBudget::count(const Target& target) {
  for (Account& account : accounts_) {
    if (account.target == target) return account.spent;
  }
  return accounts_.emplace_back(Account{target, 0}).spent;
}

void AttemptBudget::spend(const Target& target, const std::string& keys) {
  if (mismatched_.contains(keys)) {
    throw Error(ErrorKind::budget, "not opening a channel: key set '" + keys +
                                       "' was refused before in this run, and another try may lock the card; check "
                                       "the key set and its diversification");
  }
  if (spent(target) >= limit_) {
    const std::string domain = target.aid.empty() ? "the issuer security domain" : "domain " + to_hex(target.aid);
    throw Error(ErrorKind::budget, "not opening a channel: " + domain + " has used its " + std::to_string(limit_) +
                                       " authentication attempts of this run (policy limits.auth_attempts)");
  }
  ++count(target);
}

void AttemptBudget::verified(const Target& target) {
  unsigned& spent = count(target);
  if (!count_all_ && spent > 0) --spent;
}

void AttemptBudget::refused(const Target& target, const std::string& keys) {
  if (!count_all_) ++count(target);
  mismatched(keys);
}

}  // namespace cw::engine
