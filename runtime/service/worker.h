// A worker process from its fork to its end: opens its door, beats, obeys the supervisor's signals (SIGTERM: drain;
// SIGHUP: read anew).
//
// Plain function, in the main thread of a process that has no other yet and blocks those signals.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "service/door.h"
#include "service/service_log.h"

namespace cw::service {

struct WorkerSetup {
  std::function<std::unique_ptr<Door>()> open{};
  /// Reads the configuration again into what the door looks at; false: it is broken, which was said.
  std::function<bool()> reload{};
  Listeners listeners{};
  std::chrono::milliseconds patience{30'000};
};

/// The process's exit status: 0 it drained, 1 it could not do its work.
int work(const WorkerSetup& setup, SharedWorker& place, const ServiceLog& log);

/// Signals that a service waits for instead of being interrupted by.
void block_signals();

}  // namespace cw::service
