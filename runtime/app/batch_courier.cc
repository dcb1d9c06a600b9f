#include "app/batch_courier.h"

#include <algorithm>

#include "app/outbox_delivery.h"

namespace cw::app {

BatchCourier::BatchCourier(std::shared_ptr<store::Store> store)
    : store_(std::move(store)), thread_([this] { work(); }) {}

void BatchCourier::ended(const std::string& run) {
  const std::lock_guard lock(mutex_);
  due_.push_back(run);
  changed_.notify_all();
}

void BatchCourier::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return over_ || !due_.empty(); });
    if (due_.empty() || broken_) return;
    const std::string run = due_.front();
    due_.pop_front();
    const Clock::time_point end = over_ ? end_ : Clock::now() + kAfterRun;
    lock.unlock();
    Tried tried;
    std::optional<Error> broken;
    try {
      if (store_->outbox().left(run).waiting > 0) tried = deliver_of_run(store_, run, end);
    } catch (const Error& error) {
      broken = error;
    }
    lock.lock();
    broken_ = broken;
    if (tried.left.waiting + tried.left.given_up == 0) continue;
    left_.push_back(run);
    error_ = tried.error;
  }
}

std::string BatchCourier::finish() {
  if (!thread_.joinable()) return {};
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
    end_ = Clock::now() + kAfterRun;
    std::move(left_.begin(), left_.end(), std::back_inserter(due_));
    left_.clear();
    changed_.notify_all();
  }
  thread_.join();
  try {
    if (broken_) throw *broken_;
    return rest();
  } catch (const Error& error) {
    return "looking for results of this batch to deliver: " + error.message();
  }
}

std::string BatchCourier::rest() {
  Tried all;
  all.error = error_;
  for (const std::string& run : left_) {
    const store::Left left = store_->outbox().left(run);
    all.left.waiting += left.waiting;
    all.left.given_up += left.given_up;
  }
  return left_text(all, "this batch");
}

}  // namespace cw::app
