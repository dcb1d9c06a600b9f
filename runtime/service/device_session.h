// The run of one device between two of its requests: what the device is to do next, in the form that both protocols
// carry, and what its reports mean for the run.
//
// Owner: the device desk. One thread at a time.
#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>

#include "service/device_run.h"
#include "service/errands.h"
#include "service/order.h"

namespace cw::service {

class DeviceSession {
 public:
  /// `errands`: borrowed.
  DeviceSession(std::unique_ptr<DeviceRun> run, Errands& errands)
      : errands_(errands), run_(std::move(run)), id_(run_->id()) {}
  /// A run that is not over is left as it stands, and can be taken up; a call to a backend is waited for.
  ~DeviceSession();
  DeviceSession(const DeviceSession&) = delete;
  DeviceSession& operator=(const DeviceSession&) = delete;

  /// Of a run that was taken up, before it goes on.
  void take_up();
  /// Then, once it stands: whether order() is the one that was out, to the byte.
  bool taken_up();
  /// What is to be there again after take_up(), beside the run: a line.
  void keep(const std::string& text);
  const std::string& kept() const { return kept_; }
  /// Orders that were made, in all attempts, and whether one was reported.
  size_t orders() const { return run_ ? run_->orders() : orders_; }
  bool reported_before() const { return run_ && run_->reported(); }
  /// An order is out, and whoever takes the run up goes on with its report: nothing is lost by dropping it.
  bool can_rest() const { return order_ && orders() > 0 && !errand_.valid(); }

  /// Why go_on() came back: nothing more is to be done for now; its slice is over; a backend may still be quick. After
  /// the latter two it is to go on before anything else.
  enum class Standing { stands, computes, awaits };
  /// Until the device is needed, or the clock, or a backend that is not quick, or the run is over. With a slice, no
  /// longer than that, and it waits for no backend.
  Standing go_on(std::optional<std::chrono::microseconds> slice = {});
  /// After `computes`: one slice of that, and nothing else. Whether there is more.
  bool compute(std::chrono::microseconds slice);
  /// What the device is to do now; empty: nothing, as yet. The same until it is reported or lost.
  const std::optional<Order>& order() const { return order_; }
  /// The order's report.
  void reported(const Report& report);
  /// It went out again, and the device may have carried it out before.
  void sent_again() { again_ = true; }
  bool was_sent_again() const { return again_; }
  /// There will be no report: whether the card did what was ordered is not known.
  void lost(const std::string& why);
  /// How long the run waits by the clock; 0: it does not.
  std::chrono::milliseconds waits() const;
  bool over() const { return result_.has_value(); }
  /// Once it is over.
  const engine::RunResult& result() const { return *result_; }
  /// Over here, and the run is not: its provider is managed no more, and once it is again, the same ticket goes on.
  bool is_left() const;
  const std::string& id() const { return id_; }

 private:
  using Clock = std::chrono::steady_clock;
  void answer(engine::Report report);

  Errands& errands_;
  std::unique_ptr<DeviceRun> run_;  // null: it is over, and nobody holds it any more
  std::string id_;
  std::string kept_{};
  size_t orders_ = 0;         // of a run that is over
  size_t orders_before_ = 0;  // of one that was taken up
  bool again_before_ = false;
  std::optional<engine::RunResult> result_{};
  std::optional<Order> order_{};
  Clock::time_point quick_until_{};    // for the errand
  std::future<host::Reply> errand_{};  // while it is under way, nobody else touches the run
  bool again_ = false;
  Clock::time_point ordered_{};
  std::optional<Clock::time_point> wakes_{};
};

/// An order as it travels, piece by piece.
Order travelling_order(const engine::Order& order);
/// What a report says of each command of the order. Where a piece of one was refused, that is its answer, whatever
/// became of the pieces after it.
engine::Report report_of(const engine::Order& order, const Report& report);

}  // namespace cw::service
