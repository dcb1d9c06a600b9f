// Devices that call: each has a session, and what a session does is done by one thread, in the order of its requests.
//
// Owner: a worker of the service. Thread rule: any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/threads.h"
#include "crypto/digest.h"
#include "service/device_session.h"
#include "service/ram_http.h"
#include "service/seram_exchange.h"

namespace cw::service {

/// A device's session and where the protocol stands that it speaks: one, as its first request has it.
struct DeviceCall {
  DeviceCall(std::unique_ptr<DeviceRun> run, engine::Relay of)
      : session(std::move(run)), relay(of), ram_http(ScriptCoding::indefinite, read_be(crypto::random_bytes(4))) {}
  DeviceSession session;
  engine::Relay relay;
  SeramExchange seram{};
  RamHttpExchange ram_http;
};

struct DeviceCounters {
  uint64_t sessions = 0;  // in memory now
  uint64_t opened = 0;
  uint64_t refused = 0;  // tickets, and sessions of the other protocol
  uint64_t orders = 0;
  uint64_t repeated = 0;  // answers that went out again
  uint64_t lost = 0;      // orders whose report never came
  uint64_t foreign = 0;   // reports of nothing that was ordered
  uint64_t done = 0;      // runs that came to their end
  uint64_t failed = 0;
};

class DeviceDesk {
 public:
  struct Setup {
    OpenTicket open{};
    unsigned threads = 4;
    std::chrono::milliseconds silence{300'000};  // a device that is not heard of for so long loses its place in memory
    size_t sessions = 20'000;                    // in memory, in all
    size_t waiting = 1'000;                      // requests of devices that no thread has taken up yet, in all
    std::chrono::seconds longest{90};            // at one request; a backend's deadline is 30 s
  };
  explicit DeviceDesk(Setup setup);
  /// Runs that are not over are left as they stand.
  ~DeviceDesk();

  /// What is done for a request, with its device's session. `error`: there is none, or it could not go on.
  using Work = std::function<void(DeviceCall* call, const Error* error)>;
  /// Done later, by the session's thread; a device that is not known is let in by its ticket. Raises budget: too many
  /// wait.
  void post(const std::string& ticket, engine::Relay relay, Work work);

  /// Whether each thread still gets on: none has been at one request for longer than it may.
  bool gets_on() const;

  /// Counted here, told by the doors.
  struct Totals {
    std::atomic<uint64_t> opened{0}, refused{0}, orders{0}, repeated{0}, lost{0}, foreign{0}, done{0}, failed{0};
  };
  Totals& totals() { return totals_; }
  DeviceCounters counters() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Request {
    std::string ticket{};
    engine::Relay relay = engine::Relay::goes_on;
    Work work{};
  };
  struct Place {
    std::unique_ptr<DeviceCall> call{};
    Clock::time_point heard{};
  };
  /// A thread, and the sessions that are its alone.
  struct Lane {
    std::mutex mutex{};
    std::condition_variable more{};
    std::deque<Request> requests{};
    std::map<std::string, Place> places{};
    std::atomic<Clock::rep> busy_since{0};  // 0: it waits for requests
  };

  void serve(Lane& lane);
  void answer(Lane& lane, const Request& request);
  void sweep(Lane& lane);

  Setup setup_;
  std::vector<std::unique_ptr<Lane>> lanes_{};
  std::atomic<bool> ends_{false};
  std::atomic<size_t> waiting_{0};
  std::atomic<size_t> sessions_{0};
  Totals totals_{};
  Threads threads_{};
};

}  // namespace cw::service
