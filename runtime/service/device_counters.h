// What the door for devices counts, in the page that a service's processes share: counted there at once, so that a
// worker that dies takes nothing with it.
//
// Owner: SharedCounters. Thread rule: any thread of any of the processes.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "engine/order.h"

namespace cw::service {

using Counter = std::atomic<uint64_t>;

/// How long answers took, as Prometheus' histograms have it.
class AnswerTimes {
 public:
  /// Upper bounds, in microseconds; what takes longer is in the last place.
  static constexpr std::array<uint64_t, 13> kBounds{1'000,     2'500,     5'000,     10'000,  25'000,
                                                    50'000,    100'000,   250'000,   500'000, 1'000'000,
                                                    2'500'000, 5'000'000, 10'000'000};

  void add(std::chrono::microseconds took);
  /// Those that took no longer than the bound in that place; in the place after the last bound: all.
  uint64_t up_to(size_t place) const;
  uint64_t microseconds() const { return sum_; }

 private:
  std::array<Counter, kBounds.size() + 1> counts_{};
  Counter sum_{0};
};

/// Why a report was not taken.
enum class Untaken : uint8_t {
  unreadable,  // no message of the protocol
  foreign,     // of what was not ordered
  repeated,    // it was taken before
  late,        // a copy of an older one
};
inline constexpr std::array<std::string_view, 4> kUntaken{"unreadable", "foreign", "repeated", "late"};

struct DeviceCounters {
  struct Protocol {
    Counter sessions{0};  // in memory now
    Counter orders{0};
    Counter orders_again{0};                    // went out once more
    Counter orders_lost{0};                     // their report never came
    Counter command_bytes{0}, answer_bytes{0};  // C-APDUs that were ordered, R-APDUs of reports that were taken
    Counter reports{0};                         // that were taken
    std::array<Counter, kUntaken.size()> untaken{};
    Counter waits{0};  // answers that told the device to ask again
    AnswerTimes times{};
  };
  static constexpr size_t kKinds = static_cast<size_t>(ErrorKind::internal) + 1;

  Protocol seram{}, ram_http{};
  Counter runs_begun{0}, runs_taken_up{0}, runs_done{0}, runs_failed{0};
  std::array<Counter, kKinds> refused{};  // sessions that were not opened, by the kind of error

  Protocol& of(engine::Relay relay) { return relay == engine::Relay::goes_on ? seram : ram_http; }
  void refuse(ErrorKind kind) { ++refused[static_cast<size_t>(kind)]; }
};

}  // namespace cw::service
