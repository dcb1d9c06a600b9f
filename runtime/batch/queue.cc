#include "batch/queue.h"

#include <algorithm>
#include <iterator>

namespace cw::batch {

RowQueue::RowQueue(const Table& table, const Results& results, const Quarantine& quarantine, Options options)
    : results_(results), quarantine_(quarantine) {
  for (const Row& row : table.rows()) {
    const Results::History* history = results.row(row.key);
    const State state = history ? history->state : State::started;
    if (state == State::done) {
      ++done_before_;
    } else if (quarantine.has_row(row.key)) {
      ++quarantined_before_;
    } else if ((state == State::failed || state == State::quarantined) && !options.retry_failed) {
      ++failed_before_;
    } else {
      waiting_.push_back(&row);
    }
  }
  std::stable_partition(waiting_.begin(), waiting_.end(), [&](const Row* row) { return card_of(*row).empty(); });
  while (options.limit && waiting_.size() > *options.limit) {
    ++over_limit_;
    waiting_.pop_back();
  }
}

const std::string& RowQueue::card_of(const Row& row) const {
  static const std::string kNone;
  const Results::History* history = results_.row(row.key);
  return history ? history->card : kNone;
}

std::vector<const Row*> RowQueue::half_way() const {
  std::vector<const Row*> out;
  std::copy_if(waiting_.begin(), waiting_.end(), std::back_inserter(out),
               [&](const Row* row) { return !card_of(*row).empty(); });
  return out;
}

RowQueue::Choice RowQueue::take(const std::string& card) {
  Choice choice;
  if (quarantine_.has_card(card)) {
    choice.refused = "it is on the quarantine list " + quarantine_.path().string();
    return choice;
  }
  auto chosen = waiting_.begin();
  if (const std::string* owner = results_.row_of(card)) {
    chosen = std::find_if(waiting_.begin(), waiting_.end(),
                          [&](const Row* row) { return row->key == *owner && card_of(*row) == card; });
    if (chosen == waiting_.end()) {
      const Results::History* history = results_.row(*owner);
      const bool is_done = history && history->state == State::done && history->card == card;
      const bool in_work = taken_.contains(*owner) && history && history->state == State::started;
      choice.refused = is_done   ? "row " + *owner + " was written to it"
                       : in_work ? "row " + *owner +
                                       " is being written to a card that tells the same; --any-card is for cards that "
                                       "all do"
                                 : "it has part of row " + *owner;
      return choice;
    }
  }
  if (chosen == waiting_.end()) return choice;
  choice.row = *chosen;
  if (const std::string& before = card_of(*choice.row); before != card) choice.card_before = before;
  taken_.insert(choice.row->key);
  waiting_.erase(chosen);
  return choice;
}

}  // namespace cw::batch
