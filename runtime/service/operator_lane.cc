#include "operator_lane_private.h"

namespace cw::service {

Lane::Lane(std::function<std::unique_ptr<Desk>()> open) : open_(std::move(open)) {
  thread_.start([this] { work(); });
}

Lane::~Lane() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    jobs_.clear();
  }
  changed_.notify_one();
  thread_.join();
}

bool Lane::post(Job job) { return put(std::move(job), false); }
bool Lane::post_first(Job job) { return put(std::move(job), true); }

bool Lane::put(Job job, bool first) {
  {
    const std::lock_guard lock(mutex_);
    if (ending_ || jobs_.size() >= kWaiting) return false;
    jobs_.insert(first ? jobs_.begin() : jobs_.end(), std::move(job));
  }
  changed_.notify_one();
  return true;
}

void Lane::work() {
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

}  // namespace cw::service
