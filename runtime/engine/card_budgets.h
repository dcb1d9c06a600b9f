// What one run may still ask of its card: both budgets, over one ledger.
//
// Owner: one run, over all its attempts. One thread.
#pragma once

#include <memory>

#include "engine/attempt_budget.h"
#include "engine/content_budget.h"

namespace cw::engine {

class CardBudgets {
  std::shared_ptr<BudgetLedger> ledger_;

 public:
  /// `ledger` null: one of this run's own.
  CardBudgets(std::shared_ptr<BudgetLedger> ledger, const PolicyLimits& policy, const CardCounter& counter)
      : ledger_(ledger ? std::move(ledger) : std::make_shared<LocalLedger>()),
        attempts(*ledger_, policy, counter),
        content(*ledger_, policy, counter) {}
  CardBudgets(const CardBudgets&) = delete;
  CardBudgets& operator=(const CardBudgets&) = delete;

  /// The ledger knows several cards, so the card is to be asked who it is.
  bool wants_identity() const { return ledger_->shared(); }
  void card_is(const std::string& identity) {
    attempts.card_is(identity);
    content.card_is(identity);
  }

  AttemptBudget attempts;
  ContentBudget content;
};

}  // namespace cw::engine
