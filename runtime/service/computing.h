// Scripts that compute for longer than a turn: they go on by slices, on threads of their own, and owners take turns at
// these. However many there are, the threads that answer devices have cores left to run on.
//
// Owner: the device desk. Thread rule: any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/threads.h"
#include "engine/owner_turns.h"

namespace cw::service {

class Computing {
 public:
  /// One slice; true: there is more to do. Raises nothing.
  using Slice = std::function<bool()>;

  explicit Computing(unsigned threads);
  ~Computing() { end(); }
  Computing(const Computing&) = delete;
  Computing& operator=(const Computing&) = delete;

  void put(const std::string& owner, Slice slice);
  /// After the slices under way; what is left is dropped.
  void end();
  /// Whether no slice has been under way for longer.
  bool gets_on(std::chrono::seconds longest) const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Job {
    std::string owner{};
    Slice slice{};
  };
  struct Worker {
    std::atomic<Clock::rep> busy_since{0};  // 0: it waits
  };
  void work(Worker& worker);

  std::mutex mutex_{};
  std::condition_variable more_{};
  engine::OwnerTurns<Job> turns_{};
  bool ends_ = false;
  std::vector<std::unique_ptr<Worker>> workers_{};
  Threads threads_{};
};

}  // namespace cw::service
