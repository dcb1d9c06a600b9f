#include "service/worker.h"

#include <atomic>

#include <signal.h>

#include "base/error.h"

namespace cw::service {

namespace {

constexpr timespec kTick{0, 100'000'000};

class Worker {
 public:
  Worker(const WorkerSetup& setup, SharedWorker& place, const ServiceLog& log)
      : setup_(setup), place_(place), log_(log), counters_(place), door_(setup.open()) {}

  int run() {
    door_->start(setup_.listeners);
    place_.beat = steady_ms();
    publish();
    place_.state = WorkerState::ready;
    log_.info("ready", {{"pid", place_.pid.load()}});
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGHUP);
    for (;;) {
      const int signal = sigtimedwait(&wanted, nullptr, &kTick);
      if (signal == SIGTERM) return drain();
      if (signal == SIGHUP) reload();
      publish();
      beat();
    }
  }

 private:
  /// The beat goes through the door's own work, one at a time: what hangs there stops the heart.
  void beat() {
    if (beating_->exchange(true)) return;
    const bool taken = door_->pulse([beating = beating_, &place = place_] {
      place.beat = steady_ms();
      *beating = false;
    });
    if (!taken) *beating_ = false;
  }

  void reload() {
    if (!setup_.reload()) return;
    try {
      door_->reload();
      log_.info("configuration and certificates were read anew");
    } catch (const Error& error) {
      log_.error("cannot use what was read anew, so all is as it was", {{"why", error.message()}});
    }
  }

  int drain() {
    place_.state = WorkerState::draining;
    const bool whole = door_->drain(setup_.patience);
    publish();
    if (!whole) log_.warn("requests that took too long were cut");
    log_.info("stopped");
    return 0;
  }

  void publish() { counters_.publish(door_->counters()); }

  const WorkerSetup& setup_;
  SharedWorker& place_;  // shared memory: outlives all threads
  const ServiceLog& log_;
  CountersAhead counters_;
  std::shared_ptr<std::atomic<bool>> beating_ = std::make_shared<std::atomic<bool>>(false);
  std::unique_ptr<Door> door_;
};

}  // namespace

int work(const WorkerSetup& setup, SharedWorker& place, const ServiceLog& log) {
  try {
    return Worker(setup, place, log).run();
  } catch (const Error& error) {
    log.error("cannot work", {{"why", error.message()}});
  } catch (const std::exception& error) {
    log.error("cannot work: this is a defect, please report it", {{"why", error.what()}});
  }
  return 1;
}

void block_signals() {
  sigset_t all;
  sigemptyset(&all);
  for (const int each : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) sigaddset(&all, each);
  sigprocmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace cw::service
