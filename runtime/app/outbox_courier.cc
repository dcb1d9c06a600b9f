#include "app/outbox_courier.h"

#include <algorithm>

#include "app/moment.h"
#include "app/outbox_delivery.h"
#include "base/error.h"

namespace cw::app {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kShortest{200}, kLongest{30'000};
constexpr milliseconds kStoreAway{2'000};

}  // namespace

OutboxCourier::OutboxCourier(std::shared_ptr<store::Store> store, std::function<void(const std::string&)> problem)
    : store_(std::move(store)), problem_(std::move(problem)), thread_([this] { work(); }) {}

OutboxCourier::~OutboxCourier() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void OutboxCourier::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_all();
}

void OutboxCourier::work() {
  milliseconds pause = kShortest;
  std::string said;
  while (!over_) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, pause, [this] { return woken_ || over_; });
      woken_ = false;
    }
    if (over_) return;
    try {
      pause = deliver();
      said.clear();
    } catch (const Error& error) {
      pause = kStoreAway;
      if (error.message() != said) problem_("results wait in the outbox: " + error.message());
      said = error.message();
    }
  }
}

/// How long until the next is due.
milliseconds OutboxCourier::deliver() {
  DeliveryOptions options;
  options.stop = &over_;
  const store::Left left = deliver_what_is_due(store_, options);
  if (left.waiting == 0) return kLongest;
  return std::clamp(milliseconds(left.next - now_ms()), kShortest, kLongest);
}

}  // namespace cw::app
