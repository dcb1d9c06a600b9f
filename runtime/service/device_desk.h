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
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/threads.h"
#include "service/device_counters.h"
#include "service/device_session.h"
#include "service/ram_http.h"
#include "service/seram_exchange.h"

namespace cw::service {

/// A device's session and where the protocol stands that it speaks: one, as its first request has it.
struct DeviceCall {
  explicit DeviceCall(engine::Relay of) : relay(of) {}
  /// The protocol goes on where the run does, which was taken up.
  void take_up();

  engine::Relay relay;
  std::optional<DeviceSession> session{};  // nothing: its run cannot be had yet
  std::string waits_for{};                 // then, as the operator was told
  SeramExchange seram{};
  RamHttpExchange ram_http{};
};

class DeviceDesk {
 public:
  struct Setup {
    OpenTicket open{};
    unsigned threads = 4;
    std::chrono::milliseconds silence{300'000};  // a device that is not heard of for so long loses its place in memory
    size_t sessions = 20'000;                    // in memory, in all
    size_t awake = 2'000;   // of them, with an order out: of more, those that were not heard of the longest are dropped
    unsigned errands = 16;  // calls to backends at once
    size_t waiting = 1'000;            // requests of devices that no thread has taken up yet, in all
    std::chrono::seconds longest{90};  // at one request
  };
  /// `counters`: borrowed.
  DeviceDesk(Setup setup, DeviceCounters& counters);
  /// Runs that are not over are left as they stand.
  ~DeviceDesk();

  /// What is done for a request, with its device's session. `error`: it could not be opened, or go on. With a `call`
  /// nevertheless, it is the store that keeps it from its run for now: the device keeps its place and asks again.
  using Work = std::function<void(DeviceCall* call, const Error* error)>;
  /// Done later, by the session's thread; a device that is not known is let in by its ticket. Raises budget: too many
  /// wait.
  void post(const std::string& ticket, engine::Relay relay, Work work);

  /// Whether each thread still gets on: none has been at one request for longer than it may.
  bool gets_on() const;

  DeviceCounters& counters() { return counters_; }

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
  using Places = std::map<std::string, Place>;
  struct Lane {
    std::mutex mutex{};
    std::condition_variable more{};
    std::deque<Request> requests{};
    Places places{};
    std::atomic<Clock::rep> busy_since{0};  // 0: it waits for requests
  };

  void serve(Lane& lane);
  void answer(Lane& lane, const Request& request);
  /// Its place, with a session. Raises Error: there is none.
  Places::iterator open(Lane& lane, const Request& request);
  Places::iterator enter(Lane& lane, const Request& request);
  void leave(Lane& lane, Places::iterator place);
  void sweep(Lane& lane);
  /// Drops from memory what can be taken up, beyond what this thread may keep awake.
  void rest(Lane& lane);

  Setup setup_;
  DeviceCounters& counters_;
  Errands errands_;
  std::vector<std::unique_ptr<Lane>> lanes_{};
  std::atomic<bool> ends_{false};
  std::atomic<size_t> waiting_{0};
  Threads threads_{};
};

}  // namespace cw::service
