// Work for a desk, one after the other, in a thread of its own. Bounded: what does not fit in is refused at once.
//
// Owner: the operator door. Thread rule: post() from any thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "base/threads.h"
#include "service/desk.h"

namespace cw::service {

class Lane {
 public:
  /// `open` is called in the lane's thread, when there is something to do. It must not raise.
  explicit Lane(std::function<std::unique_ptr<Desk>()> open);
  /// What waits is dropped.
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  using Job = std::function<void(Desk&)>;

  /// False: too many wait. `job` must not raise.
  bool post(Job job);
  /// Before all that wait: after what is being done now.
  bool post_first(Job job);

 private:
  static constexpr size_t kWaiting = 256;
  bool put(Job job, bool first);
  void work();

  const std::function<std::unique_ptr<Desk>()> open_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_{};
  bool ending_ = false;
  Threads thread_{};
};

}  // namespace cw::service
