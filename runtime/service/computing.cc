#include "service/computing.h"

#include <algorithm>
#include <utility>

#include <sys/resource.h>

namespace cw::service {

namespace {
constexpr int kNice = 10;  // a tenth of what another thread gets that wants the same core
}

Computing::Computing(unsigned threads) {
  for (unsigned i = 0; i < threads; ++i) workers_.push_back(std::make_unique<Worker>());
  for (const std::unique_ptr<Worker>& worker : workers_) {
    threads_.start([this, &worker] { work(*worker); });
  }
}

void Computing::put(const std::string& owner, Slice slice) {
  const std::lock_guard lock(mutex_);
  turns_.put(owner, {owner, std::move(slice)});
  more_.notify_one();
}

void Computing::end() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
    more_.notify_all();
  }
  threads_.join();
}

void Computing::work(Worker& worker) {
  ::setpriority(PRIO_PROCESS, 0, kNice);  // of this thread alone
  std::unique_lock lock(mutex_);
  for (;;) {
    more_.wait(lock, [&] { return ends_ || !turns_.empty(); });
    if (ends_) return;
    Job job = turns_.take();
    lock.unlock();
    worker.busy_since = Clock::now().time_since_epoch().count();
    const bool again = job.slice();
    worker.busy_since = 0;
    lock.lock();
    if (again) turns_.put(job.owner, std::move(job));
  }
}

bool Computing::gets_on(std::chrono::seconds longest) const {
  const Clock::duration now = Clock::now().time_since_epoch();
  return std::none_of(workers_.begin(), workers_.end(), [&](const std::unique_ptr<Worker>& worker) {
    const Clock::rep since = worker->busy_since;
    return since != 0 && now - Clock::duration(since) > longest;
  });
}

}  // namespace cw::service
