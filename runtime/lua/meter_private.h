// What a run has used up of its instructions and its time awake, and whether it has been killed. A kill is sticky: the
// first reason stays, and nothing takes it back.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "lua/state.h"

namespace cw::lua {

class Meter {
 public:
  void set_limits(const Limits& limits);

  /// How long a script may run before it has had its turn; nothing: as long as it may at all.
  void set_slice(std::optional<std::chrono::microseconds> slice) { slice_ = slice; }
  /// True from then on, until wake(). Seen when the clock is looked at.
  bool had_its_turn() const { return had_its_turn_; }

  /// The script runs from wake() to sleep(); only this time counts.
  void wake();
  void sleep();

  /// False once the run is over: killed, or out of instructions or time. Looks at the clock each 1000 instructions.
  bool spend(uint64_t instructions);
  /// The same without spending, and looks at the clock now.
  bool check_clock();

  void kill(std::string reason);
  bool killed() const { return killed_; }
  const std::string& reason() const { return reason_; }
  uint64_t instructions() const { return used_; }

 private:
  using Clock = std::chrono::steady_clock;  // CLOCK_MONOTONIC: 18 ns; the CPU clock costs ten times as much

  uint64_t used_ = 0;
  uint64_t limit_ = 0;
  uint64_t since_clock_ = 0;
  std::chrono::milliseconds awake_{0};
  Clock::duration left_{0};
  Clock::time_point woken_{};
  std::optional<std::chrono::microseconds> slice_{};
  bool had_its_turn_ = false;
  bool killed_ = false;
  std::string reason_{};
};

}  // namespace cw::lua
