#include "service/errands.h"

namespace cw::service {

Errands::Errands(unsigned threads) {
  for (unsigned i = 0; i < threads; ++i) {
    threads_.start([this] { serve(); });
  }
}

Errands::~Errands() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  more_.notify_all();
  threads_.join();
}

std::future<host::Reply> Errands::send(std::function<host::Reply()> work) {
  Errand errand(std::move(work));
  std::future<host::Reply> out = errand.get_future();
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(errand));
  more_.notify_one();
  return out;
}

void Errands::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    more_.wait(lock, [this] { return ends_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    Errand errand = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    errand();
    lock.lock();
  }
}

}  // namespace cw::service
