// How many loads and installs of one card may fail, since a card may lock itself after some (GPCS 9.6.7.1). A load is
// one charge from INSTALL [for load] to its last LOAD; any other INSTALL that changes the card's content is one.
//
// Owner: one run, over all its attempts. One thread.
#pragma once

#include <optional>
#include <string>

#include "engine/card_counter.h"
#include "host/outside.h"

namespace cw::engine {

class ContentBudget {
 public:
  /// `ledger` outlives this.
  ContentBudget(BudgetLedger& ledger, const PolicyLimits& policy, const CardCounter& counter)
      : ledger_(ledger), limits_(content_limits(policy, counter)) {}

  void card_is(std::string identity) { card_ = std::move(identity); }

  /// Before a command of an open channel goes out. Raises budget: the card's failures are used up; store.
  void before(const host::Command& command);
  /// Whether it may go out only when those before it were answered: what they were charged with is not settled.
  bool waits_for_answers(const host::Command& command) const;
  void after(const host::Command& command, const host::Answer& answer);
  /// No answer came, or the card was reset: what had begun counts as lost.
  void give_up();

 private:
  void settle(ChargeOutcome outcome);

  BudgetLedger& ledger_;
  ChargeLimits limits_;
  std::string card_;
  std::optional<std::string> charge_;
  bool loading_ = false;  // it ends with the last LOAD
};

}  // namespace cw::engine
