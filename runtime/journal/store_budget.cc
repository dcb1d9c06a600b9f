#include "journal/store_budget.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "refusals_private.h"

namespace cw::journal {

namespace {

store::Charge of(engine::Charge kind) {
  return kind == engine::Charge::content ? store::Charge::content : store::Charge::authentication;
}

store::Outcome of(engine::ChargeOutcome outcome) {
  switch (outcome) {
    case engine::ChargeOutcome::refunded:
      return store::Outcome::refunded;
    case engine::ChargeOutcome::refused:
      return store::Outcome::refused;
    case engine::ChargeOutcome::lost:
      break;
  }
  return store::Outcome::lost;
}

/// "A000000151000000/00002345558083204839": one name for a domain and whoever answers for it, so that an operator's
/// reset of a card finds both.
store::Account of(const engine::BudgetAccount& account) {
  std::string domain = to_hex(account.domain);
  if (!account.holder.empty()) domain = (domain.empty() ? "ISD" : domain) + "/" + account.holder;
  return {account.card, domain, account.version};
}

std::vector<store::Account> of(const std::vector<engine::BudgetAccount>& accounts) {
  std::vector<store::Account> out;
  for (const engine::BudgetAccount& account : accounts) out.push_back(of(account));
  return out;
}

}  // namespace

StoreBudget::StoreBudget(std::shared_ptr<store::Store> store, std::string run, std::string actor)
    : store_(std::move(store)), run_(std::move(run)), actor_(actor.empty() ? store_->node() : std::move(actor)) {
  store_->budgets().lose(run_);
}

StoreBudget::StoreBudget(std::shared_ptr<store::Store> store, StoreJournal& journal, std::string actor)
    : store_(std::move(store)), run_(journal.id()), actor_(std::move(actor)), journal_(&journal) {
  if (!again()) store_->budgets().lose(run_);
}

std::string StoreBudget::charge(engine::Charge kind, const std::vector<engine::BudgetAccount>& accounts,
                                const engine::ChargeLimits& limits) {
  if (const auto before = journal_ != nullptr ? journal_->charged_before() : std::nullopt) return *before;
  // What runs left open whose process is gone, nobody settles any more: it was not answered.
  for (const std::string& run : store_->budgets().open_runs(accounts.empty() ? "" : accounts.front().card)) {
    if (run != run_ && store_->runs().nobody_holds(run)) store_->budgets().lose(run);
  }
  const std::string id = to_hex(crypto::random_bytes(16));
  try {
    store_->budgets().charge(id, of(kind), of(accounts), {limits.refused, limits.lost}, run_);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::budget) used_up(kind, accounts, limits);
    throw;
  }
  if (journal_ != nullptr) journal_->charged(id);
  return id;
}

/// Names the account that is nearest to its limits: that one, or one that stands for it, said no.
void StoreBudget::used_up(engine::Charge kind, const std::vector<engine::BudgetAccount>& accounts,
                          const engine::ChargeLimits& limits) {
  const auto left = [&](const engine::Spent& one) {
    return std::min(limits.refused - one.refused, limits.lost - one.lost);
  };
  engine::BudgetAccount account;
  std::optional<engine::Spent> most;
  for (const engine::BudgetAccount& each : accounts) {
    const engine::Spent one = spent(kind, each);
    if (most && left(one) >= left(*most)) continue;
    most = one;
    account = each;
  }
  const engine::Spent one = most.value_or(engine::Spent());
  refused(kind, account,
          std::to_string(one.refused) + " refused of " + std::to_string(limits.refused) + ", " +
              std::to_string(one.lost) + " without an answer of " + std::to_string(limits.lost));
}

void StoreBudget::refused(engine::Charge kind, const engine::BudgetAccount& account, const std::string& because) {
  const bool loads = kind == engine::Charge::content;
  const store::Account of_store = of(account);
  // A script may ask for the same again, or for others without an end.
  if (refusals_.size() == kRefusals) return;
  if (!refusals_.insert({loads, of_store.card, of_store.domain, of_store.version, because}).second) return;
  store_->audit().add({actor_,
                       "refused",
                       run_,
                       {{"what", loads ? "loading or installing" : "opening a secure channel"},
                        {"card", of_store.card},
                        {"domain", of_store.domain.empty() ? "ISD" : of_store.domain},
                        {"key version", of_store.version == 0 ? "any" : to_hex(account.version)},
                        {"because", because}}});
}

void StoreBudget::settle(const std::string& charge, engine::ChargeOutcome outcome,
                         const std::vector<engine::BudgetAccount>& accounts, bool forgives) {
  if (!again()) store_->budgets().settle(charge, of(outcome), of(accounts), forgives);
}

void StoreBudget::mark(const std::string& card, const std::string& word) {
  if (!again()) store_->budgets().mark(card, word);
}

void StoreBudget::unmark(const std::string& card, const std::string& word) {
  if (!again()) store_->budgets().unmark(card, word);
}

engine::Spent StoreBudget::spent(engine::Charge kind, const engine::BudgetAccount& account) {
  const store::Spent spent = store_->budgets().spent(of(kind), of(account));
  return {spent.refused, spent.lost};
}

}  // namespace cw::journal
