#include "engine/scheduler.h"

#include <algorithm>
#include <thread>

namespace cw::engine {

size_t Scheduler::add(std::unique_ptr<Run> run) {
  runs_.push_back(std::move(run));
  ready(runs_.size() - 1);
  return runs_.size() - 1;
}

void Scheduler::step(size_t number) {
  Run& run = *runs_[number];
  run.advance(slice_);
  if (run.phase() == Run::Phase::ready) ready(number);  // its slice is over, or its attempt
  if (run.phase() != Run::Phase::waiting) return;
  if (const auto* wait = std::get_if<host::Wait>(&run.request()); wait && run.waits_by_clock()) {
    timers_.push({Clock::now() + wait->time, order_++, number});
    if (wait->time >= long_wait_) run.passivate();
    return;
  }
  run.complete(run.carry_out());
  if (run.phase() == Run::Phase::ready) ready(number);
}

void Scheduler::run_all(const std::atomic<bool>* stop) {
  using std::chrono::milliseconds;
  const auto stopped = [&] { return stop != nullptr && stop->load(std::memory_order_relaxed); };
  while (!ready_.empty() || !timers_.empty()) {
    if (stopped()) {
      for (const auto& run : runs_) {
        if (run->phase() != Run::Phase::done) run->stop(Error(ErrorKind::usage, "stopped before the next command"));
      }
      ready_ = {};
      timers_ = {};
      return;
    }
    while (!timers_.empty() && timers_.top().at <= Clock::now()) {
      const size_t number = timers_.top().run;
      timers_.pop();
      runs_[number]->complete(host::Waited{});
      if (runs_[number]->phase() == Run::Phase::ready) ready(number);
    }
    if (ready_.empty()) {
      // Short naps, so that a signal that sets `stop` is seen.
      const auto nap = std::min<Clock::duration>(timers_.top().at - Clock::now(), milliseconds(50));
      if (nap > Clock::duration::zero()) std::this_thread::sleep_for(nap);
      continue;
    }
    step(ready_.take());
  }
}

}  // namespace cw::engine
