#include <csignal>

#include "base/error.h"
#include "base/log.h"
#include "renewal_private.h"

namespace cw::store {

Renewal::~Renewal() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Renewal::keep(const Lease& lease) {
  const std::lock_guard lock(mutex_);
  kept_.push_back({lease.run(), lease.fence(), lease.time()});
  if (thread_.joinable()) return;
  // Signals are for the program's own threads: one that ends a process must not find this one.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { work(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Renewal::work() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    // Twice in the third after which a lease is renewed: it is never older than half of its length.
    changed_.wait_for(lock, length_ / 6, [this] { return ending_; });
    if (ending_) return;
    lock.unlock();
    renew_all();
    lock.lock();
  }
}

void Renewal::renew_all() {
  std::vector<std::pair<std::shared_ptr<LeaseTime>, Statement>> due;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(kept_, [](const Kept& each) {
      const std::shared_ptr<LeaseTime> time = each.time.lock();
      return !time || time->ended;
    });
    const std::chrono::milliseconds now = boot_time();
    for (const Kept& each : kept_) {
      const std::shared_ptr<LeaseTime> time = each.time.lock();
      if (!time || std::chrono::milliseconds(time->until) - now > length_ * 2 / 3) continue;
      due.emplace_back(
          time, Statement{"UPDATE runs SET beat = beat + 1 WHERE id = $1 AND fence = $2", {each.run, each.fence}});
    }
  }
  if (due.empty()) return;
  std::vector<Statement> statements;
  for (const auto& each : due) statements.push_back(each.second);
  const std::chrono::milliseconds sent = boot_time();
  try {
    const std::vector<Result> results = db_.run_all(statements);
    for (size_t i = 0; i < due.size(); ++i) {
      if (results[i].changed == 1) {
        renew(*due[i].first, sent + length_);
      } else {
        due[i].first->ended = true;
      }
    }
  } catch (const Error& error) {
    // Leases run out if this goes on; who holds them sees that before the next command.
    if (!failing_) log::warn("leases were not renewed: " + error.message());
    failing_ = true;
    return;
  }
  failing_ = false;
}

}  // namespace cw::store
