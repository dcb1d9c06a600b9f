// Who is next: owners take turns, and what waits of one owner goes in the order in which it came. However much waits of
// one owner, the others are served as often.
//
// Owner: whoever serves. Without a lock of its own; one thread at a time.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace cw::engine {

template <class Item>
class OwnerTurns {
 public:
  bool empty() const { return waiting_.empty(); }
  size_t of(const std::string& owner) const {
    const auto found = waiting_.find(owner);
    return found == waiting_.end() ? 0 : found->second.size();
  }

  void put(const std::string& owner, Item item) {
    std::deque<Item>& queue = waiting_[owner];
    if (queue.empty() && owner != served_) turns_.push_back(owner);
    queue.push_back(std::move(item));
  }

  /// Not empty. Whoever was served last goes behind all that have come since: who comes during a turn waits for no
  /// second one.
  Item take() {
    if (served_ && waiting_.contains(*served_)) turns_.push_back(*served_);
    served_ = std::move(turns_.front());
    turns_.pop_front();
    return next_of(waiting_.find(*served_));
  }

  /// One more of the owner that is served, within the same turn; nothing: none waits.
  std::optional<Item> take_more() {
    const auto found = served_ ? waiting_.find(*served_) : waiting_.end();
    if (found == waiting_.end()) return {};
    return next_of(found);
  }

 private:
  using Queues = std::map<std::string, std::deque<Item>>;
  Item next_of(typename Queues::iterator queue) {
    Item out = std::move(queue->second.front());
    queue->second.pop_front();
    if (queue->second.empty()) waiting_.erase(queue);
    return out;
  }

  Queues waiting_{};                 // no empty ones
  std::deque<std::string> turns_{};  // those that wait, but for `served_`
  std::optional<std::string> served_{};
};

}  // namespace cw::engine
