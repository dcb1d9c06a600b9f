#include "delays_private.h"

namespace cw::issuer {

Delays::~Delays() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Delays::send(net::Reply reply, net::ServerAnswer answer, std::chrono::milliseconds later) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.emplace(std::chrono::steady_clock::now() + later, Waiting{std::move(reply), std::move(answer)});
  }
  changed_.notify_one();
}

void Delays::lose(net::Reply reply) {
  const std::lock_guard lock(mutex_);
  std::erase_if(lost_, [](const net::Reply& one) { return one.gone(); });
  lost_.push_back(std::move(reply));
}

void Delays::run() {
  std::unique_lock lock(mutex_);
  while (!over_) {
    if (waiting_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const auto first = waiting_.begin();
    if (changed_.wait_until(lock, first->first) == std::cv_status::no_timeout) continue;
    auto taken = waiting_.extract(waiting_.begin());
    lock.unlock();
    taken.mapped().reply.send(std::move(taken.mapped().answer));
    lock.lock();
  }
}

}  // namespace cw::issuer
