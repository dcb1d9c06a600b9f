#include "engine/budget_ledger.h"

#include <algorithm>

#include "base/error.h"
#include "base/hex.h"

namespace cw::engine {

namespace {

/// Whether what is charged to one may have been an attempt on the other.
bool may_be_same(const BudgetAccount& a, const BudgetAccount& b) {
  const bool same_version = a.version == b.version || a.version == 0 || b.version == 0;
  return a.card == b.card && a.domain == b.domain && a.holder == b.holder && same_version;
}

std::string domain_name(const BudgetAccount& account) {
  return account.domain.empty() ? "the issuer security domain" : "domain " + to_hex(account.domain);
}

std::string counts(const Spent& spent, const ChargeLimits& limits) {
  return std::to_string(spent.refused) + " refused of " + std::to_string(limits.refused) + ", " +
         std::to_string(spent.lost) + " without an answer of " + std::to_string(limits.lost);
}

[[noreturn]] void exhausted(Charge kind, const BudgetAccount& account, const Spent& spent, const ChargeLimits& limits) {
  if (kind == Charge::content) {
    throw Error(ErrorKind::budget, "not sending it: the card has used its failed loads and installs of this run (" +
                                       counts(spent, limits) + "; policy limits.failed_loads)");
  }
  const std::string version = account.version == 0 ? "" : ", key version " + to_hex(account.version) + ",";
  throw Error(ErrorKind::budget, "not opening a channel: " + domain_name(account) + version +
                                     " has used its authentication attempts of this run (" + counts(spent, limits) +
                                     "; policy limits.auth_attempts and limits.auth_lost)");
}

}  // namespace

int64_t LocalLedger::count(Charge kind, const BudgetAccount& account, State state) const {
  return std::count_if(rows_.begin(), rows_.end(), [&](const Row& row) {
    return row.kind == kind && row.state == state &&
           std::any_of(row.accounts.begin(), row.accounts.end(),
                       [&](const BudgetAccount& one) { return may_be_same(one, account); });
  });
}

Spent LocalLedger::spent(Charge kind, const BudgetAccount& account) {
  return {count(kind, account, State::refused), count(kind, account, State::lost) + count(kind, account, State::open)};
}

void LocalLedger::lose() {
  for (Row& row : rows_) {
    if (row.state == State::open) row.state = State::lost;
  }
}

std::string LocalLedger::charge(Charge kind, const std::vector<BudgetAccount>& accounts, const ChargeLimits& limits) {
  for (const BudgetAccount& account : accounts) {
    const Spent before = spent(kind, account);
    const bool refused = before.refused + count(kind, account, State::open) >= limits.refused;
    if (refused || before.lost >= limits.lost) exhausted(kind, account, before, limits);
  }
  rows_.push_back({++charges_, kind, State::open, accounts});
  return std::to_string(charges_);
}

void LocalLedger::settle(const std::string& charge, ChargeOutcome outcome, const std::vector<BudgetAccount>& accounts,
                         bool forgives) {
  const size_t number = std::stoul(charge);
  const auto is_it = [&](const Row& row) { return row.number == number; };
  const auto found = std::find_if(rows_.begin(), rows_.end(), is_it);
  const Charge kind = found == rows_.end() ? Charge::authentication : found->kind;
  std::erase_if(rows_, is_it);
  if (forgives) {
    for (Row& row : rows_) {
      const bool stays = row.state == State::refused && kind == Charge::authentication;
      if (row.kind != kind || stays || row.state == State::open) continue;
      std::erase_if(row.accounts, [&](const BudgetAccount& one) {
        return std::find(accounts.begin(), accounts.end(), one) != accounts.end();
      });
    }
    std::erase_if(rows_, [](const Row& row) { return row.accounts.empty(); });
  }
  if (outcome != ChargeOutcome::refunded) {
    rows_.push_back({number, kind, outcome == ChargeOutcome::refused ? State::refused : State::lost, accounts});
  }
}

void LocalLedger::mark(const std::string& card, const std::string& word) {
  unmark(card, word);
  marks_.emplace_back(card, word);
}

void LocalLedger::unmark(const std::string& card, const std::string& word) {
  std::erase(marks_, std::pair(card, word));
}

std::vector<std::string> LocalLedger::marks(const std::string& card) {
  std::vector<std::string> out;
  for (const auto& [of, word] : marks_) {
    if (of == card) out.push_back(word);
  }
  return out;
}

}  // namespace cw::engine
