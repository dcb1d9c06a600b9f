// The conductor of a batch: rows of a table onto cards in several readers, one thread for each reader. A card is looked
// at before it gets a row (queue.h), a record is on the disk before its row is begun and when it has ended (results.h).
//
// Owner: one command. Make it and call run() from one thread.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "batch/card_source.h"
#include "batch/follower.h"
#include "batch/keeper.h"
#include "batch/queue.h"
#include "engine/run.h"

namespace cw::batch {

struct BatchReader {
  std::unique_ptr<CardSource> cards{};
  std::shared_ptr<const crypto::KeyStore> keys{};
};

struct BatchSetup {
  std::shared_ptr<const engine::Bundle> bundle{};
  std::string flow_name{};
  std::shared_ptr<const engine::Flow> flow{};
  std::shared_ptr<const engine::Policy> policy{};
  std::string owner{};  // whose the runs of the rows are; empty: the operator's own
  engine::HttpTransport http{};
  std::vector<BatchReader> readers{};
  // All of these outlive the batch.
  const Table* table = nullptr;  // without bad rows
  Results* results = nullptr;
  Quarantine* quarantine = nullptr;
  Follower* follower = nullptr;
  Keeper* keeper = nullptr;  // of the runs of rows; null: they end with this process
  RowQueue::Options queue{};
  unsigned stop_after = 3;                        // the breaker's limit
  bool any_card = false;                          // take every card for a fresh one, whatever it says that it is
  std::shared_ptr<const engine::Bundle> tools{};  // has the flow that reads a card's identity; null: `bundle` has
};

class Batch {
 public:
  /// Touches no card. Raises policy: the policy does not allow the flow, or the one that reads a card's identity.
  explicit Batch(BatchSetup setup);
  ~Batch();

  /// Until no row is left, no reader is, the breaker stopped it, or `interrupted` turned true: then each run ends
  /// before its next command. Raises script: the results cannot be written; store: a run cannot be kept; policy: one
  /// that came into use meanwhile does not allow the flow; usage: another
  /// process works on a row, or the results name runs and there is no keeper; and what else no further card could mend.
  Summary run(const std::atomic<bool>& interrupted);

 private:
  class Conductor;
  BatchSetup setup_;
};

}  // namespace cw::batch
