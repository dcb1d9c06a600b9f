// Work for one desk, one after the other, in a thread of its own. Bounded: what does not fit in is refused at once.
//
// Owner: a door. Thread rule: post() from any thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "base/threads.h"

namespace cw::service {

template <class Desk>
class Lane {
 public:
  /// `open` is called in the lane's thread, when there is something to do. It must not raise.
  explicit Lane(std::function<std::unique_ptr<Desk>()> open) : open_(std::move(open)) {
    thread_.start([this] { work(); });
  }
  /// What waits is dropped.
  ~Lane() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
      jobs_.clear();
    }
    changed_.notify_one();
    thread_.join();
  }
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  using Job = std::function<void(Desk&)>;

  /// False: too many wait. `job` must not raise.
  bool post(Job job) { return put(std::move(job), false); }
  /// Before all that wait: after what is being done now.
  bool post_first(Job job) { return put(std::move(job), true); }

 private:
  static constexpr size_t kWaiting = 256;

  bool put(Job job, bool first) {
    {
      const std::lock_guard lock(mutex_);
      if (ending_ || jobs_.size() >= kWaiting) return false;
      jobs_.insert(first ? jobs_.begin() : jobs_.end(), std::move(job));
    }
    changed_.notify_one();
    return true;
  }

  void work() {
    std::unique_ptr<Desk> desk;
    for (;;) {
      Job job;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
        if (ending_) return;
        job = std::move(jobs_.front());
        jobs_.pop_front();
      }
      if (!desk) desk = open_();
      job(*desk);
    }
  }

  const std::function<std::unique_ptr<Desk>()> open_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_{};
  bool ending_ = false;
  Threads thread_{};
};

}  // namespace cw::service
