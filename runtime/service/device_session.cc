#include "service/device_session.h"

#include <algorithm>

#include "base/error.h"
#include "engine/selection.h"
#include "store/providers.h"

namespace cw::service {

namespace {

/// What a backend takes no longer than costs the device no exchange.
constexpr std::chrono::milliseconds kQuick{50};

/// Ahead of what is kept, where the order that is out went out again.
constexpr std::string_view kAgain = "again ";

std::string_view reason(Report::Outcome outcome) {
  switch (outcome) {
    case Report::Outcome::unavailable:
      return "the device has no such secure element, or cannot reach it";
    case Report::Outcome::refused:
      return "the device does not let us at its secure element (its access control rules)";
    case Report::Outcome::failed:
      return "the device failed";
    case Report::Outcome::stopped:
    case Report::Outcome::processed:
      break;
  }
  return "the device reported fewer answers than it was sent commands";
}

Error no_answer(const Report& report) {
  std::string text(reason(report.outcome));
  if (!report.message.empty()) text += ", and says: " + report.message;
  return Error(ErrorKind::reader, text);
}

}  // namespace

Order travelling_order(const engine::Order& order) {
  Order out;
  out.once = order.once;
  for (const engine::Order::Item& item : order.items) {
    for (const card::Apdu& piece : item.pieces) out.commands.push_back(piece.encode());
  }
  return out;
}

engine::Report report_of(const engine::Order& order, const Report& report) {
  engine::Report out;
  size_t next = 0;
  for (const engine::Order::Item& item : order.items) {
    std::optional<card::Response> answer;
    bool complete = false;
    for (size_t piece = 0; piece < item.pieces.size(); ++piece, ++next) {
      if (next >= report.answers.size() || report.answers[next].size() < 2) break;
      const bool refused = answer && !answer->ok();
      if (!refused) answer = card::Response::parse(report.answers[next]);
      complete = !answer->ok() || piece + 1 == item.pieces.size();
    }
    if (!complete) {
      // A relay that stops at a refusal has done what it is to do.
      const bool stopped = report.outcome == Report::Outcome::stopped && !answer && next == report.answers.size() &&
                           !out.answers.empty() && engine::stops_a_plan(out.answers.back().sw);
      if (!stopped) out.error = no_answer(report);
      break;
    }
    out.answers.push_back(std::move(*answer));
  }
  return out;
}

DeviceSession::~DeviceSession() {
  if (!run_) return;
  if (errand_.valid()) errand_.wait();
  keep(std::string(kept_));
  run_->run().stop(Error(ErrorKind::reader, "the device was not heard of any more"));
}

bool DeviceSession::is_left() const {
  return over() && result_->error && result_->error->cause() == store::kNotManaged && result_->can_resume;
}

std::chrono::milliseconds DeviceSession::waits() const {
  if (!wakes_) return {};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*wakes_ - Clock::now());
  return std::max(left, std::chrono::milliseconds(0));
}

void DeviceSession::take_up() {
  kept_ = run_->kept();
  again_before_ = kept_.starts_with(kAgain);
  if (again_before_) kept_.erase(0, kAgain.size());
  orders_before_ = run_->orders();
}

bool DeviceSession::taken_up() {
  const bool is_out = order_ && orders() == orders_before_;
  again_ = is_out && again_before_;
  return is_out;
}

void DeviceSession::keep(const std::string& text) {
  if (!run_) return;
  kept_ = text;
  run_->keep(std::string(again_ ? kAgain : "") + text);
}

DeviceSession::Standing DeviceSession::go_on(std::optional<std::chrono::microseconds> slice) {
  using std::chrono::microseconds;
  if (over()) return Standing::stands;
  engine::Run& run = run_->run();
  const Clock::time_point until = slice ? Clock::now() + *slice : Clock::time_point::max();
  while (!order_) {
    if (errand_.valid()) {
      if (!slice) errand_.wait_until(quick_until_);
      if (errand_.wait_for(microseconds(0)) != std::future_status::ready) {
        return Clock::now() < quick_until_ ? Standing::awaits : Standing::stands;
      }
      run.complete(errand_.get());
    }
    if (run.phase() == engine::Run::Phase::done) {
      result_ = run.result();
      orders_ = run_->orders();
      run_.reset();
      return Standing::stands;
    }
    if (run.phase() == engine::Run::Phase::ready) {
      if (slice) slice = std::max(microseconds(0), std::chrono::duration_cast<microseconds>(until - Clock::now()));
      run.advance(slice);
      if (slice && run.phase() == engine::Run::Phase::ready) return Standing::computes;
      continue;
    }
    if (run.waits_by_clock()) {
      if (!wakes_) wakes_ = Clock::now() + std::get<host::Wait>(run.request()).time;
      if (waits().count() > 0) return Standing::stands;
      wakes_.reset();
    } else if (const engine::Order* order = run.order()) {
      order_ = travelling_order(*order);
      again_ = false;
      ordered_ = Clock::now();
      return Standing::stands;
    }
    if (std::holds_alternative<host::HttpCall>(run.request())) {
      errand_ = errands_.send([&run] { return run.carry_out(); });
      quick_until_ = Clock::now() + kQuick;
    } else {
      run.complete(run.carry_out());
      if (run.phase() == engine::Run::Phase::ready && Clock::now() >= until) return Standing::computes;
    }
  }
  return Standing::stands;
}

bool DeviceSession::compute(std::chrono::microseconds slice) {
  run_->run().advance(slice);
  return run_->run().phase() == engine::Run::Phase::ready;
}

void DeviceSession::answer(engine::Report report) {
  report.took = Clock::now() - ordered_;
  report.again = again_;
  order_.reset();
  run_->run().answered(report);
}

void DeviceSession::reported(const Report& report) {
  if (over() || errand_.valid()) return;
  const engine::Order* order = run_->run().order();
  if (order != nullptr) answer(report_of(*order, report));
}

void DeviceSession::lost(const std::string& why) {
  if (over() || errand_.valid() || run_->run().order() == nullptr) return;
  engine::Report report;
  report.error = Error(ErrorKind::reader, why);
  answer(std::move(report));
}

}  // namespace cw::service
