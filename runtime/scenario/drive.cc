#include "scenario/drive.h"

#include <algorithm>
#include <optional>
#include <thread>

namespace cw::scenario {

namespace {

std::optional<Error> exceeded(const Bounds& bounds) {
  if (bounds.stop != nullptr && bounds.stop->load(std::memory_order_relaxed)) {
    return Error(ErrorKind::budget, "stopped before the next command");
  }
  if (Bounds::Clock::now() < bounds.deadline) return {};
  return Error(ErrorKind::budget, "the scenario has used its " + std::to_string(bounds.seconds) +
                                      " seconds; give it more with seconds = N if the card is that slow");
}

void sleep(std::chrono::milliseconds time, const Bounds& bounds) {
  const auto end = Bounds::Clock::now() + time;
  while (bounds.sleeps && Bounds::Clock::now() < end && !exceeded(bounds)) {
    std::this_thread::sleep_for(
        std::min<Bounds::Clock::duration>(end - Bounds::Clock::now(), std::chrono::milliseconds(50)));
  }
}

}  // namespace

void Bounds::check() const {
  if (const auto error = exceeded(*this)) throw *error;
}

void drive(engine::Run& run, const Bounds& bounds, bool backends_pause) {
  using Phase = engine::Run::Phase;
  while (run.phase() != Phase::done) {
    if (const auto error = exceeded(bounds)) {
      run.stop(*error);
      return;
    }
    if (run.phase() == Phase::ready) run.advance();
    if (run.phase() != Phase::waiting) continue;
    if (run.waits_by_clock()) {
      sleep(std::get<host::Wait>(run.request()).time, bounds);
      run.complete(host::Waited{});
    } else if (backends_pause && engine::is_for_backend(run.request())) {
      return;
    } else {
      run.complete(run.carry_out());
    }
  }
}

}  // namespace cw::scenario
