// A thread for calls that may hang. The caller waits as long as it likes and then goes on without it; the thread ends
// by itself when its call comes back, or with the process.
//
// Owner: whoever makes the calls. One thread at a time may call run().
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <thread>

namespace cw::card {

class WatchedThread {
 public:
  /// No signal is delivered to the thread: whoever waits for one elsewhere gets it.
  WatchedThread();
  /// Waits for the thread, unless it was given up.
  ~WatchedThread();
  WatchedThread(const WatchedThread&) = delete;
  WatchedThread& operator=(const WatchedThread&) = delete;

  /// Carries out `job` on the thread. False: it did not end within `limit`, and the thread is given up: run() must not
  /// be called again. So `job` owns all it touches, and raises nothing. What it owns is dropped on the thread.
  bool run(std::function<void()> job, std::chrono::milliseconds limit);

 private:
  struct Shared;
  static void work(const std::shared_ptr<Shared>& shared);

  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace cw::card
