#include "card/watched_thread.h"

#include <condition_variable>
#include <mutex>

#include <pthread.h>
#include <signal.h>

namespace cw::card {

struct WatchedThread::Shared {
  std::mutex mutex{};
  std::condition_variable changed{};
  std::function<void()> job{};  // empty: none, or the last one is done
  bool over = false;
};

WatchedThread::WatchedThread() : shared_(std::make_shared<Shared>()) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([shared = shared_] { work(shared); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

WatchedThread::~WatchedThread() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->over = true;
  }
  shared_->changed.notify_all();
  thread_.join();
}

bool WatchedThread::run(std::function<void()> job, std::chrono::milliseconds limit) {
  std::unique_lock lock(shared_->mutex);
  shared_->job = std::move(job);
  shared_->changed.notify_all();
  if (shared_->changed.wait_for(lock, limit, [this] { return !shared_->job; })) return true;
  shared_->over = true;
  thread_.detach();
  return false;
}

void WatchedThread::work(const std::shared_ptr<Shared>& shared) {
  std::unique_lock lock(shared->mutex);
  for (;;) {
    shared->changed.wait(lock, [&] { return shared->over || shared->job; });
    if (shared->job) {
      lock.unlock();
      shared->job();
      lock.lock();
      shared->job = nullptr;
      shared->changed.notify_all();
    }
    if (shared->over) return;
  }
}

}  // namespace cw::card
