// Many devices on one thread: each has a line of its own, and a bounded number of them wait for an answer at a time.
//
// Owner: the thread that runs it. Thread rule: Gate: any thread; all else one.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "load_device.h"

namespace cw::bench {

/// Where all devices stop in the middle of their runs, until they are let go on.
struct Gate {
  uint64_t order = 0;  // with the report of this order in hand; 0: nowhere
  std::atomic<size_t> held{0};
  std::atomic<bool> open{false};
};

class Crowd {
 public:
  using Clock = std::chrono::steady_clock;
  struct Member {
    std::unique_ptr<LoadDevice> device{};
    std::unique_ptr<LoadLine> line{};
    bool over = false;
    std::string error{};  // why it is over, if that is wrong
    bool waits = false;   // for an answer
    bool was_held = false;
    unsigned tries = 0;  // in a row that had no answer
    Clock::time_point began{};
  };

  /// `at_once`: requests under way. `gate`: borrowed.
  Crowd(const LoadPlace& place, size_t at_once, Gate& gate);
  void add(std::unique_ptr<LoadDevice> device);
  /// Until all are over.
  void run();

  const std::vector<Member>& members() const { return members_; }
  // Microseconds of each answer: before the gate was opened, and after.
  std::vector<uint32_t> answers_before{}, answers{};
  uint64_t requests = 0, lost = 0, busy = 0;

 private:
  void start_those_due();
  void begin(size_t number);
  void go(size_t number);
  void watch(size_t number, LoadLine::Wants wants);
  void answered(size_t number);
  void again(size_t number, const std::string& why);
  void later(size_t number, std::chrono::milliseconds pause);
  void finish(size_t number, std::string error);

  const size_t at_once_;
  const LoadPlace& place_;
  Gate& gate_;
  Fd epoll_;
  std::vector<Member> members_{};
  std::deque<size_t> due_{};
  std::vector<size_t> held_{};
  using Timer = std::pair<Clock::time_point, size_t>;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_{};
  size_t under_way_ = 0;
  size_t over_ = 0;
};

}  // namespace cw::bench
