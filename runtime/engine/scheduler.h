// Carries many runs forward on one thread: a run that waits costs nothing until what it waits for is there, and one
// that computes takes turns with the others, owner by owner. Card commands are carried out here and block the thread,
// which is right for one local reader; readers with threads of their own complete runs from outside later.
//
// One thread, with a stack of at least 8 MiB.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <queue>
#include <vector>

#include "engine/owner_turns.h"
#include "engine/run.h"

namespace cw::engine {

/// From this long a wait on, the script of a run with a journal is dropped from memory, and built again when the wait
/// is over. That takes some milliseconds and gives back some hundred kilobytes: for a shorter one it is not worth it.
inline constexpr std::chrono::milliseconds kLongWait{5'000};

class Scheduler {
 public:
  /// `slice`: how long a script computes at a time; nothing: until it waits.
  explicit Scheduler(std::chrono::milliseconds long_wait = kLongWait,
                     std::optional<std::chrono::microseconds> slice = {})
      : long_wait_(long_wait), slice_(slice) {}

  /// Takes the run over; its number is its place in results().
  size_t add(std::unique_ptr<Run> run);

  /// Until every run is done. `stop`, when it turns true, ends all runs before their next command.
  void run_all(const std::atomic<bool>* stop = nullptr);

  const Run& at(size_t number) const { return *runs_.at(number); }

 private:
  using Clock = std::chrono::steady_clock;
  struct Timer {
    Clock::time_point at;
    uint64_t order;
    size_t run;
    bool operator>(const Timer& other) const { return at != other.at ? at > other.at : order > other.order; }
  };

  void step(size_t number);
  void ready(size_t number) { ready_.put(runs_[number]->owner(), number); }

  std::chrono::milliseconds long_wait_;
  std::optional<std::chrono::microseconds> slice_;
  std::vector<std::unique_ptr<Run>> runs_;
  OwnerTurns<size_t> ready_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  uint64_t order_ = 0;
};

}  // namespace cw::engine
