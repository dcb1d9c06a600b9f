#include <algorithm>
#include <csignal>

#include "base/error.h"
#include "base/log.h"
#include "renewal_private.h"

namespace cw::store {

namespace {

// Leases in one transaction: with thousands of them, others would wait for all.
constexpr size_t kAtOnce = 100;
constexpr std::chrono::milliseconds kBetween{1};  // so that who waits for the database comes in

}  // namespace

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

void Renewal::renew_some(const std::vector<Due>& some) {
  std::vector<Statement> statements;
  for (const auto& each : some) statements.push_back(each.second);
  const std::chrono::milliseconds sent = boot_time();
  std::vector<Result> results;
  // A sign of life that a power cut takes away was of a process that it took away, too.
  db_.unhurried([&] { results = db_.run_all(statements); });
  for (size_t i = 0; i < some.size(); ++i) {
    if (results[i].changed == 1) {
      renew(*some[i].first, sent + length_);
    } else {
      some[i].first->ended = true;
    }
  }
}

void Renewal::renew_all() {
  std::vector<Due> due;
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
  try {
    for (size_t at = 0; at < due.size(); at += kAtOnce) {
      if (at > 0) std::this_thread::sleep_for(kBetween);
      renew_some({due.begin() + static_cast<std::ptrdiff_t>(at),
                  due.begin() + static_cast<std::ptrdiff_t>(std::min(at + kAtOnce, due.size()))});
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
