// The ledger of attempts, loads and installs in a store: shared by all runs, nodes and readers on it.
//
// Owner: one run. One thread.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <tuple>

#include "engine/budget_ledger.h"
#include "journal/store_journal.h"
#include "store/store.h"

namespace cw::journal {

class StoreBudget : public engine::BudgetLedger {
 public:
  /// `run`: id of the run that charges; any name of its own where there is no run. What it left open before is lost.
  /// `actor`: who is told of in the audit where a budget says no; empty: this node. Raises store.
  StoreBudget(std::shared_ptr<store::Store> store, std::string run, std::string actor = {});
  /// Of the run that has this journal, which outlives this. Where that makes an order again, what the run left open is
  /// its own still, and is not charged again.
  StoreBudget(std::shared_ptr<store::Store> store, StoreJournal& journal, std::string actor);

  bool shared() const override { return true; }
  std::string charge(engine::Charge kind, const std::vector<engine::BudgetAccount>& accounts,
                     const engine::ChargeLimits& limits) override;
  void settle(const std::string& charge, engine::ChargeOutcome outcome,
              const std::vector<engine::BudgetAccount>& accounts, bool forgives) override;
  engine::Spent spent(engine::Charge kind, const engine::BudgetAccount& account) override;
  void refused(engine::Charge kind, const engine::BudgetAccount& account, const std::string& because) override;
  void mark(const std::string& card, const std::string& word) override;
  void unmark(const std::string& card, const std::string& word) override;
  std::vector<std::string> marks(const std::string& card) override { return store_->budgets().marks(card); }

 private:
  /// What is done now was done before.
  bool again() const { return journal_ != nullptr && journal_->goes_on(); }
  void used_up(engine::Charge kind, const std::vector<engine::BudgetAccount>& accounts,
               const engine::ChargeLimits& limits);

  std::shared_ptr<store::Store> store_;
  std::string run_;
  std::string actor_;
  StoreJournal* journal_ = nullptr;
  std::set<std::tuple<bool, std::string, std::string, int64_t, std::string>> refusals_{};  // in the audit
};

}  // namespace cw::journal
