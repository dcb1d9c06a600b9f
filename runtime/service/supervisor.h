// The process that begins a service and outlives all that goes wrong in it: forks workers, starts another where one
// died, kills one that hangs, and ends them in good order. It does no work of its own, starts no thread and reads
// nothing that comes from outside, so there is little that could bring it down. May be the first process of a machine.
//
// Owner: main. Thread rule: the main thread, before there is any other.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "service/door.h"
#include "service/service_log.h"
#include "service/shared_counters.h"
#include "service/supervisor_notify.h"
#include "service/worker.h"

namespace cw::service {

/// A kind of worker, and how many of them.
struct Crew {
  std::string name{};
  unsigned count = 1;
  std::function<std::unique_ptr<Door>(SharedWorker& place)> open{};  // called in the worker
};

/// "operator-0", "device-0", "device-1"...
std::vector<std::string> names_of(const std::vector<Crew>& crews);

struct SupervisorSetup {
  std::vector<Crew> crews{};
  Listeners listeners{};
  std::chrono::milliseconds heart{10'000};
  std::chrono::milliseconds patience{30'000};
  std::chrono::milliseconds first_delay{100};  // before a worker that died is started again; doubles each time
  std::chrono::milliseconds last_delay{30'000};
  std::function<void()> ready{};           // once: all workers serve
  std::function<void()> stop_listening{};  // the service stops
  std::function<bool()> reload{};          // WorkerSetup::reload
};

class Supervisor {
 public:
  /// `counters`: made for names_of(crews). All are borrowed.
  Supervisor(SupervisorSetup setup, SharedCounters& counters, ServiceLog& log);

  /// Until SIGTERM or SIGINT, and all workers are gone. Whether they went by themselves: a second signal cuts.
  bool run();

 private:
  struct Post {
    const Crew* crew = nullptr;
    std::string name{};
    pid_t pid = 0;        // 0: nobody
    int64_t began = 0;    // steady_ms()
    int64_t due = 0;      // when nobody: the next start
    unsigned deaths = 0;  // in a row
    bool was_killed = false;
  };

  void take(int signal);
  void look_after();
  void start(size_t number);
  void reap();
  void died(size_t number, int status);
  void kill_if_hung(size_t number);
  void stop(const char* why);
  void signal_all(int signal);
  bool all_gone() const;
  bool all_ready() const;

  const SupervisorSetup setup_;
  SharedCounters& counters_;
  ServiceLog& log_;
  Notify notify_;
  std::vector<Post> posts_;
  int64_t awake_since_ = 0;  // it was not stopped itself since then
  int64_t last_look_ = 0;
  int64_t stopping_since_ = 0;  // 0: not stopping
  bool told_ready_ = false;
  bool cut_ = false;
};

}  // namespace cw::service
