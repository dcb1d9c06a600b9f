// A page of memory that a service's processes share: who is alive, and what the doors count. Nothing but atomics, so a
// process that dies in the middle of a write leaves nothing that others wait for.
//
// Owner: the supervisor makes it before it forks. Thread rule: any thread of any of the processes.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_server.h"
#include "service/device_counters.h"

namespace cw::service {

enum class WorkerState : uint32_t { absent, starting, ready, draining };
std::string_view name_of(WorkerState state);

/// Milliseconds that stand still while the machine sleeps.
int64_t steady_ms();

struct SharedDoor {
  std::array<char, 16> name{};  // written before the worker is ready
  std::atomic<uint64_t> open{0}, accepted{0}, refused{0}, handshakes_failed{0}, bytes_in{0}, bytes_out{0};
  std::array<std::atomic<uint64_t>, 6> answers{};
};

struct SharedWorker {
  static constexpr size_t kDoors = 4;
  std::array<char, 32> name{};  // written before any fork
  std::atomic<int32_t> pid{0};
  std::atomic<WorkerState> state{WorkerState::absent};
  std::atomic<int64_t> beat{0};  // steady_ms() of its last sign of life
  std::atomic<uint64_t> starts{0};
  std::atomic<uint64_t> killed{0};  // since it gave no sign of life
  std::array<SharedDoor, kDoors> doors{};
  DeviceCounters devices{};  // of a worker that has their door
};

class SharedCounters {
 public:
  /// One place for each name. Raises internal: no memory.
  explicit SharedCounters(const std::vector<std::string>& workers);
  ~SharedCounters();
  SharedCounters(const SharedCounters&) = delete;
  SharedCounters& operator=(const SharedCounters&) = delete;

  size_t size() const { return size_; }
  SharedWorker& at(size_t worker) { return workers_[worker]; }
  const SharedWorker& at(size_t worker) const { return workers_[worker]; }

 private:
  SharedWorker* workers_ = nullptr;
  size_t size_ = 0;
};

/// What one door of a worker has counted since the worker began.
struct DoorCounters {
  std::string name{};
  net::ServerCounters counters{};
};

/// Adds them to what workers before this one had counted in the same place.
class CountersAhead {
 public:
  explicit CountersAhead(SharedWorker& worker);
  void publish(const std::vector<DoorCounters>& doors);

 private:
  SharedWorker& worker_;
  std::array<net::ServerCounters, SharedWorker::kDoors> before_{};
};

}  // namespace cw::service
