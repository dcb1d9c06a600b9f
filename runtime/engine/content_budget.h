// How many loads and installs of one card may fail, since a card may lock itself after some (GPCS 9.6.7.1). A load is
// one charge from INSTALL [for load] to its last LOAD; any other INSTALL that changes the card's content is one.
//
// Owner: one run, over all its attempts. One thread.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "engine/card_counter.h"
#include "host/outside.h"

namespace cw::engine {

class ContentBudget {
 public:
  /// `ledger` outlives this.
  ContentBudget(BudgetLedger& ledger, const PolicyLimits& policy, const CardCounter& counter)
      : ledger_(ledger), limits_(content_limits(policy, counter)) {}

  void card_is(std::string identity) { card_ = std::move(identity); }

  /// A load whose last LOAD is still to come, by its charge.
  std::vector<std::string> stand() const;
  void take_up(const std::vector<std::string>& loads);

  /// Before a command of an open channel goes out. `first`: all that went before it was answered, so a load that is
  /// still open was not finished. Raises budget: the card's failures are used up; store.
  void before(const host::Command& command, bool first);
  /// Whether it may go out before those that are charged already are answered.
  bool has_room_for(const host::Command& command) const;
  void after(const host::Command& command, const host::Answer& answer);
  /// All that went out was answered: what is charged for commands behind a refused one was not sent.
  void not_sent();
  /// No answer came, or the card was reset: what had begun counts as lost.
  void give_up();

 private:
  struct Open {
    std::string charge{};
    bool loads = false;  // ends with the last LOAD, else with its INSTALL
    bool begun = false;  // its INSTALL was answered
  };
  void settle_first(ChargeOutcome outcome);

  BudgetLedger& ledger_;
  ChargeLimits limits_;
  std::string card_;
  std::deque<Open> open_;  // in the order that they are sent
};

}  // namespace cw::engine
