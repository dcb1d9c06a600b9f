// Which row goes onto which card. A row is handed out once. A card that a row was written to gets no other row: if that
// row is not done yet, the card is finished with it; else it is refused.
//
// Owner: one batch. One thread at a time.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>

#include "batch/quarantine.h"
#include "batch/results.h"
#include "batch/table.h"

namespace cw::batch {

class RowQueue {
 public:
  struct Options {
    bool retry_failed = false;
    std::optional<size_t> limit{};  // rows to hand out
  };

  /// All of them outlive this. Rows whose half-written card is known come last, so that this card may turn up first.
  RowQueue(const Table& table, const Results& results, const Quarantine& quarantine, Options options);

  /// Rows that are still to be handed out.
  size_t left() const { return waiting_.size(); }
  // What the queue left out when it was made.
  size_t done_before() const { return done_before_; }
  size_t failed_before() const { return failed_before_; }
  size_t quarantined_before() const { return quarantined_before_; }
  size_t over_limit() const { return over_limit_; }
  /// Rows that a batch before this one left in the middle, with a card that is known.
  std::vector<const Row*> half_way() const;

  struct Choice {
    const Row* row = nullptr;   // null: the card is refused, or no row is left
    std::string refused{};      // why
    std::string card_before{};  // the row was begun on that other card, which is now of no use
  };
  /// For a card with this identity; empty: it told none.
  Choice take(const std::string& card);

 private:
  const std::string& card_of(const Row& row) const;

  const Results& results_;
  const Quarantine& quarantine_;
  std::deque<const Row*> waiting_;
  std::set<std::string> taken_{};  // rows that were handed out
  size_t done_before_ = 0;
  size_t failed_before_ = 0;
  size_t quarantined_before_ = 0;
  size_t over_limit_ = 0;
};

}  // namespace cw::batch
