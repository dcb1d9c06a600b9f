// The right of one process to go on with one run. It counts from the moment before it was last written to the store,
// on a clock that goes on while the machine sleeps (CLOCK_BOOTTIME), so no two machines have to agree on the time.
//
// Owner: the run. One thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace cw::store {

class Lease {
 public:
  Lease() = default;
  Lease(std::string run, int64_t fence, std::chrono::milliseconds length, std::chrono::milliseconds margin)
      : run_(std::move(run)), fence_(fence), length_(length), margin_(margin) {}

  const std::string& run() const { return run_; }
  /// The fencing token: grows with every holder.
  int64_t fence() const { return fence_; }
  /// Number of the frame that comes next.
  int64_t next = 0;
  /// An operator wants the run to end; as of the last append.
  bool stop_asked = false;

  /// It was written to the store by a statement sent at `sent` (boot_time()).
  void renewed(std::chrono::milliseconds sent) { until_ = sent + length_; }
  /// Before bytes go to a card. Raises store with cause "fenced": less than the margin is left, so another may hold the
  /// run soon.
  void check() const;
  std::chrono::milliseconds left() const;

 private:
  std::string run_;
  int64_t fence_ = 0;
  std::chrono::milliseconds length_{0};
  std::chrono::milliseconds margin_{0};
  std::chrono::milliseconds until_{0};
};

/// CLOCK_BOOTTIME.
std::chrono::milliseconds boot_time();

}  // namespace cw::store
