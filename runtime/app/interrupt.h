// Ctrl-C and SIGTERM while a run is going on: the first asks it to stop before its next command, the second ends the
// program at once.
//
// A thread waits for the signals, so no handler runs and no global is needed. Make one in the main thread, before any
// other thread; one at a time.
#pragma once

#include <atomic>
#include <thread>

#include <signal.h>

namespace cw::app {

class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  /// Turns true at the first signal.
  const std::atomic<bool>& requested() const { return requested_; }

 private:
  void wait();

  sigset_t signals_{};
  sigset_t before_{};
  std::atomic<bool> requested_ = false;
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

}  // namespace cw::app
