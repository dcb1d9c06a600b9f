#include "service/shared_counters.h"

#include <algorithm>
#include <ctime>
#include <new>

#include <sys/mman.h>

#include "base/error.h"

namespace cw::service {

static_assert(std::atomic<uint64_t>::is_always_lock_free, "a lock would not work between processes");

namespace {

template <size_t kSize>
void put_name(std::array<char, kSize>& out, const std::string& name) {
  out.fill('\0');
  std::copy_n(name.begin(), std::min(name.size(), kSize - 1), out.begin());
}

}  // namespace

std::string_view name_of(WorkerState state) {
  switch (state) {
    case WorkerState::absent:
      return "absent";
    case WorkerState::starting:
      return "starting";
    case WorkerState::ready:
      return "ready";
    case WorkerState::draining:
      return "draining";
  }
  return {};
}

int64_t steady_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

SharedCounters::SharedCounters(const std::vector<std::string>& workers) : size_(workers.size()) {
  void* page = ::mmap(nullptr, std::max<size_t>(size_, 1) * sizeof(SharedWorker), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) throw Error(ErrorKind::internal, "no memory that the processes of the service could share");
  workers_ = static_cast<SharedWorker*>(page);
  for (size_t i = 0; i < size_; ++i) {
    new (workers_ + i) SharedWorker;
    put_name(workers_[i].name, workers[i]);
  }
}

SharedCounters::~SharedCounters() { ::munmap(workers_, std::max<size_t>(size_, 1) * sizeof(SharedWorker)); }

CountersAhead::CountersAhead(SharedWorker& worker) : worker_(worker) {
  for (size_t i = 0; i < before_.size(); ++i) {
    const SharedDoor& door = worker.doors[i];
    before_[i] = {0, door.accepted, door.refused, door.handshakes_failed, door.bytes_in, door.bytes_out, {}};
    std::copy(door.answers.begin(), door.answers.end(), before_[i].answers.begin());
  }
}

void CountersAhead::publish(const std::vector<DoorCounters>& doors) {
  for (size_t i = 0; i < std::min(doors.size(), before_.size()); ++i) {
    const net::ServerCounters& before = before_[i];
    const net::ServerCounters& now = doors[i].counters;
    SharedDoor& out = worker_.doors[i];
    if (out.name[0] == '\0') put_name(out.name, doors[i].name);
    out.open = now.open;
    out.accepted = before.accepted + now.accepted;
    out.refused = before.refused + now.refused;
    out.handshakes_failed = before.handshakes_failed + now.handshakes_failed;
    out.bytes_in = before.bytes_in + now.bytes_in;
    out.bytes_out = before.bytes_out + now.bytes_out;
    for (size_t c = 0; c < out.answers.size(); ++c) out.answers[c] = before.answers[c] + now.answers[c];
  }
}

}  // namespace cw::service
