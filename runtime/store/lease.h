// The right of one process to go on with one run. It counts from the moment before it was last written to the store,
// on a clock that goes on while the machine sleeps (CLOCK_BOOTTIME), so no two machines have to agree on the time. As
// long as it is kept, Runs renews it; what drops it lets it run out.
//
// Owner: the run. Copies are the same lease. One thread at a time; renewed() and ended() from any.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace cw::store {

/// What the run's own thread and the one that renews share.
struct LeaseTime {
  std::atomic<int64_t> until{0};  // boot_time() in milliseconds
  std::atomic<bool> ended{false};
};

class Lease {
 public:
  Lease() = default;
  Lease(std::string run, int64_t fence, std::chrono::milliseconds length, std::chrono::milliseconds margin)
      : run_(std::move(run)), fence_(fence), length_(length), margin_(margin) {}

  const std::string& run() const { return run_; }
  /// The fencing token: grows with every holder.
  int64_t fence() const { return fence_; }
  std::chrono::milliseconds length() const { return length_; }
  /// Number of the frame that comes next, from 0: how many there are.
  int64_t next = 0;
  /// An operator wants the run to end; as of the last append.
  bool stop_asked = false;
  /// What became of the run was counted for a canary, which whoever ended it is to judge; as of the last append.
  bool counted = false;

  /// It was written to the store by a statement sent at `sent` (boot_time()).
  void renewed(std::chrono::milliseconds sent);
  /// Another holds the run, or nobody.
  void ended() { time_->ended = true; }

  /// Before bytes go to a card. Raises store with cause "fenced": it has ended, or less than the margin is left, so
  /// another may hold the run soon.
  void check() const;
  std::chrono::milliseconds left() const;

  /// For who renews it: alive as long as the lease is kept by somebody.
  std::weak_ptr<LeaseTime> time() const { return time_; }

 private:
  std::string run_;
  int64_t fence_ = 0;
  std::chrono::milliseconds length_{0};
  std::chrono::milliseconds margin_{0};
  std::shared_ptr<LeaseTime> time_ = std::make_shared<LeaseTime>();
};

/// `until` never goes back, whoever of two writes it last.
void renew(LeaseTime& time, std::chrono::milliseconds until);

/// CLOCK_BOOTTIME.
std::chrono::milliseconds boot_time();

}  // namespace cw::store
