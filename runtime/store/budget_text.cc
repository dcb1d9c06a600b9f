#include "base/error.h"
#include "base/hex.h"
#include "budget_text_private.h"

namespace cw::store {

bool is_used_up(const BudgetCount& count, const BudgetLimits& limits) {
  return count.refused + count.open >= limits.refused || count.lost + count.open >= limits.lost;
}

void raise_used_up(Charge charge, const Account& account, const BudgetCount& count, const BudgetLimits& limits) {
  const bool loads = charge == Charge::content;
  const std::string domain = account.domain.empty() ? "the ISD" : "domain " + account.domain;
  const std::string version = account.version == 0 ? "any key version" : "key version " + version_text(account.version);
  throw Error(ErrorKind::budget,
              std::string(loads ? "loading onto card " : "authenticating to card ") + account.card + ", " + domain +
                  ", " + version + ": the budget is used up: " + std::to_string(count.refused) + " refused (limit " +
                  std::to_string(limits.refused) + "), " + std::to_string(count.lost) + " without an answer (limit " +
                  std::to_string(limits.lost) + "), " + std::to_string(count.open) + " not known yet; " +
                  (loads ? "the card may be full or worn" : "the keys may not be the card's, and it may lock itself") +
                  "; find out why, then run: cardwright budget reset " + account.card + " --reason ...");
}

std::string version_text(int64_t version) { return to_hex(static_cast<uint8_t>(version)); }

}  // namespace cw::store
