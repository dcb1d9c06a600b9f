// Brings what the runs of a batch, or of devices, handed over to its backends while others go on, so that no reader and
// no device waits for a backend.
//
// Owner: one batch, or one process of the service. Thread rule: a thread of its own; ended() from any, finish() once.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "store/store.h"

namespace cw::app {

class BatchCourier {
 public:
  explicit BatchCourier(std::shared_ptr<store::Store> store);
  ~BatchCourier() { finish(); }
  BatchCourier(const BatchCourier&) = delete;
  BatchCourier& operator=(const BatchCourier&) = delete;

  /// This run has ended: what it handed over is due.
  void ended(const std::string& run);
  /// Tries what is left for some seconds more. A line about what is left then, or nothing.
  std::string finish();

 private:
  using Clock = std::chrono::steady_clock;
  void work();
  /// What was not delivered, as counted last; raises store.
  std::string rest();

  std::shared_ptr<store::Store> store_;
  std::mutex mutex_;  // of all below
  std::condition_variable changed_;
  std::deque<std::string> due_{};
  std::vector<std::string> left_{};  // runs of which something is left
  std::string error_{};              // of the last one that was not taken
  std::optional<Error> broken_{};    // the store: nothing can be looked for any more
  bool over_ = false;
  Clock::time_point end_{};
  std::thread thread_;
};

}  // namespace cw::app
