// Carries one run forward on this thread: its commands block, its waits are slept through where the card is real.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>

#include "engine/run.h"

namespace cw::scenario {

/// What bounds a play.
struct Bounds {
  using Clock = std::chrono::steady_clock;
  Clock::time_point deadline = Clock::time_point::max();
  int64_t seconds = 0;                      // that the deadline was made of, for messages
  const std::atomic<bool>* stop = nullptr;  // may be null
  bool sleeps = true;                       // false: a wait by the clock is over at once, as on a simulated card

  /// Raises budget: the time is over, or somebody asked to stop.
  void check() const;
};

/// Until the run is done, or waits for a backend and `backends_pause` is set: then its request() is_for_backend(). A
/// run that outlasts its bounds is stopped.
void drive(engine::Run& run, const Bounds& bounds, bool backends_pause);

}  // namespace cw::scenario
