// Devices that call: each has a session, and what a session does is done by one thread, in the order of its requests.
// The owners of its runs take turns at a thread; a script that computes for longer than a turn goes on by other
// threads.
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
#include "engine/owner_turns.h"
#include "service/computing.h"
#include "service/device_counters.h"
#include "service/device_session.h"
#include "service/ram_http.h"
#include "service/seram_exchange.h"

namespace cw::service {

/// A device's session and where the protocol stands that it speaks: one, as its first request has it.
struct DeviceCall {
  explicit DeviceCall(engine::Relay of) : relay(of) {}
  /// The run was taken up: it goes on to where it stood, before anything is heard of the device. After that, the
  /// protocol goes on there, too.
  void take_up();
  void taken_up();

  engine::Relay relay;
  bool rises = false;                      // between the two
  std::optional<DeviceSession> session{};  // nothing: its run cannot be had yet
  std::string waits_for{};                 // then, as the operator was told
  std::chrono::milliseconds waits{};       // and how long it is to wait before it asks again; 0: as any
  SeramExchange seram{};
  RamHttpExchange ram_http{};
};

class DeviceDesk {
 public:
  struct Setup {
    OpenTicket open{};
    OwnerOfTicket owner_of{};  // may be empty: then nobody is known
    unsigned threads = 4;
    std::chrono::milliseconds silence{300'000};  // a device that is not heard of for so long loses its place in memory
    size_t sessions = 20'000;                    // in memory, in all
    size_t awake = 2'000;   // of them, with an order out: of more, those that were not heard of the longest are dropped
    unsigned errands = 16;  // calls to backends at once
    size_t waiting = 1'000;                  // requests of devices that no thread has taken up yet, in all; of
                                             // one owner, half as many
    std::chrono::seconds longest{90};        // at one request
    std::chrono::milliseconds full{30'000};  // until a device asks again for whose run a quota has no room
    unsigned computing = 0;                  // threads for scripts that compute for long; 0: half as many as cores
    std::chrono::microseconds slice = engine::kSlice;  // an owner's turn at a thread
  };
  /// `counters`: borrowed.
  DeviceDesk(Setup setup, DeviceCounters& counters);
  /// Runs that are not over are left as they stand.
  ~DeviceDesk();

  /// What is done for a request, with its device's session.
  struct Work {
    /// What the device says, to its session; false: that was all, and it is answered. `error`: the session could not be
    /// opened, or go on. With a `call` nevertheless, it is the store that keeps it from its run for now: the device
    /// keeps its place and asks again.
    std::function<bool(DeviceCall* call, const Error* error)> hear{};
    /// Otherwise, once the session has gone on.
    std::function<void(DeviceCall& call)> answer{};
  };
  /// Done later, by the session's thread; a device that is not known is let in by its ticket. Raises budget: too many
  /// wait.
  void post(const std::string& ticket, engine::Relay relay, Work work);

  /// Whether each thread still gets on: none has been at one request for longer than it may.
  bool gets_on() const;

  DeviceCounters& counters() { return counters_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Request {
    engine::Relay relay = engine::Relay::goes_on;
    Work work{};
  };
  struct Place {
    std::unique_ptr<DeviceCall> call{};
    Clock::time_point heard{};
    std::string owner{};
    std::optional<Error> full{};  // there was no room for its run
    Clock::time_point full_until{};
  };
  /// A device's requests, of which the first one is being done. It waits for a turn in one place.
  struct Visit {
    std::string ticket{};
    std::string owner{};
    std::deque<Request> requests{};
    bool taken_up = false;  // the first one
    bool heard = false;     // and its session goes on since
    std::optional<Error> failure{};
  };
  enum class Next { done, again, compute, await };
  using SharedVisit = std::shared_ptr<Visit>;
  using Places = std::map<std::string, Place>;
  /// A thread, and the sessions that are its alone.
  struct Lane {
    std::mutex mutex{};
    std::condition_variable more{};
    std::map<std::string, SharedVisit> visits{};  // by ticket
    engine::OwnerTurns<SharedVisit> turns{};
    std::vector<SharedVisit> awaiting{};    // backends that may be quick
    Clock::time_point turn_ends{};          // of the owner that is served
    Places places{};                        // only its thread changes it, under the mutex, and so reads it without
    std::atomic<Clock::rep> busy_since{0};  // 0: it waits for requests
  };

  std::string owner_of(const std::string& ticket) const;
  void serve(Lane& lane);
  SharedVisit next(Lane& lane);
  /// Of the visit's first request.
  Next step(Lane& lane, Visit& visit);
  static DeviceSession::Standing go_on(const Lane& lane, DeviceSession& session);
  void settle(Lane& lane, const SharedVisit& visit, Next next);
  /// As a job for other threads: its session's, until it need not compute any more.
  Computing::Slice slices(Lane& lane, const SharedVisit& visit);
  void fail(Lane& lane, Places::iterator place, const Request& request, const Error& error);
  /// Its place, with a session; end(): there is none, and it is answered.
  Places::iterator admit(Lane& lane, const std::string& ticket, const Request& request);
  Places::iterator put_off(Lane& lane, Places::iterator place, const Request& request, const Error& error,
                           std::chrono::milliseconds waits);
  /// Raises Error: there is no session.
  Places::iterator open(Lane& lane, const std::string& ticket, engine::Relay relay);
  Places::iterator enter(Lane& lane, const std::string& ticket, engine::Relay relay);
  void leave(Lane& lane, Places::iterator place);
  void sweep(Lane& lane);
  /// Requests that wait: one more of this owner. Raises budget.
  void count_in(const std::string& owner);
  void count_out(const std::string& owner);
  /// As many that waited for nobody known are this one's.
  void count_over(size_t number, const std::string& owner);
  /// Drops from memory what can be taken up, beyond what this thread may keep awake.
  void rest(Lane& lane);

  Setup setup_;
  DeviceCounters& counters_;
  Errands errands_;
  std::vector<std::unique_ptr<Lane>> lanes_{};
  Computing computing_;
  std::atomic<bool> ends_{false};
  std::mutex counting_{};
  size_t waiting_ = 0;
  std::map<std::string, size_t> waiting_of_{};  // by owner
  Threads threads_{};
};

}  // namespace cw::service
