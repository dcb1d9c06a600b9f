// What a store knows of commands that it keeps no journal of (send, repl, test): attempts, loads and installs count for
// the card as those of all runs do, keys that are being replaced are kept until the card has shown which it has, and
// the audit says who was at which card and which keys opened channels.
//
// Owner: one command, or one reader of several; outlives its runs. One thread.
#pragma once

#include <memory>
#include <string>

#include "engine/budget_ledger.h"
#include "engine/key_watch.h"
#include "engine/policy.h"
#include "engine/run.h"
#include "store/store.h"

namespace cw::app {

class CountedRun {
 public:
  /// Written to the audit: that `command` begins on `card`, under this policy. Raises store.
  CountedRun(std::shared_ptr<store::Store> store, const std::string& command, const std::string& card,
             const engine::Policy& policy);
  ~CountedRun();

  const std::shared_ptr<engine::BudgetLedger>& ledger() const { return ledger_; }
  engine::KeyWatch& key_watch();
  /// Puts both into what a run is made of.
  void join(engine::RunSetup& setup);

 private:
  class Watch;
  std::shared_ptr<store::Store> store_;
  std::unique_ptr<Watch> watch_;
  std::shared_ptr<engine::BudgetLedger> ledger_;
};

}  // namespace cw::app
