#include "meter_private.h"

namespace cw::lua {
namespace {
constexpr uint64_t kClockEach = 1000;
}

void Meter::set_limits(const Limits& limits) {
  used_ = 0;
  limit_ = limits.instructions;
  awake_ = limits.awake;
  left_ = limits.awake;
}

void Meter::wake() {
  woken_ = Clock::now();
  had_its_turn_ = false;
}

void Meter::sleep() { left_ -= Clock::now() - woken_; }

bool Meter::spend(uint64_t instructions) {
  used_ += instructions;
  if (killed_) return false;
  if (used_ > limit_) {
    kill("used up its " + std::to_string(limit_) + " instructions: does it loop?");
    return false;
  }
  since_clock_ += instructions;
  return since_clock_ < kClockEach || check_clock();
}

bool Meter::check_clock() {
  since_clock_ = 0;
  const Clock::duration awake = Clock::now() - woken_;
  if (slice_ && awake >= *slice_) had_its_turn_ = true;
  if (!killed_ && awake > left_) {
    kill("ran for its " + std::to_string(awake_.count()) + " ms: does it loop?");
  }
  return !killed_;
}

void Meter::kill(std::string reason) {
  if (killed_) return;
  killed_ = true;
  reason_ = std::move(reason);
}

}  // namespace cw::lua
