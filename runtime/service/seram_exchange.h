// One management session of GP SERAM from the server's side: which order is under way, whether it was sent, and what a
// report means for it. SERAM has no sequence number; the number of seRamCommands of an order stands for one
// (docs/decisions/0030).
//
// Owner: a session of the device door. A plain value without a clock; one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service/order.h"
#include "service/seram.h"

namespace cw::service {

class SeramExchange {
 public:
  /// As text() wrote it. Raises store: something else.
  static SeramExchange parse(std::string_view text);
  /// One line. It holds the commands of the order under way, so it is kept as journals are: sealed.
  std::string text() const;

  /// A session of which so many orders went out before, and ended. `element`: as kept() gave it. Raises store:
  /// something else.
  static SeramExchange after(size_t orders, bool reported, const std::string& element);
  /// What does not follow from its orders; a line, or nothing.
  std::string kept() const;

  /// The secure element that all orders are for.
  void choose(SecureElement element) { element_ = std::move(element); }
  /// The next order. It stays until taken() or dropped(). Raises usage: no commands. Raises internal: one is under way,
  /// or the session was stopped.
  void put(Order order);
  /// For the device's application: goes with the next order, or with the end.
  void notify(std::string text) { notes_.push_back(std::move(text)); }
  /// From now on every answer is the stop command.
  void stop();

  /// The order under way, or nullptr.
  const Order* order() const { return order_ ? &*order_ : nullptr; }
  bool stopped() const { return stopped_; }

  Judged judge(const SeramReport& report) const;
  /// The report of the order under way is kept.
  void taken();
  /// The device shows that the last answer did not reach it: what was in it may go out as if it never had.
  void unseen() { sent_ = false; }
  /// The order that was put last is out already.
  void is_out() { sent_ = true; }
  /// The order under way is given up. What the device does with it is not known.
  void dropped();

  /// The body of an answer with nothing to do.
  static std::string nothing(uint32_t delay);
  /// The body of the answer, and that it was sent: keep text() before it leaves. `delay`: milliseconds until the next
  /// request. Raises internal: an order that is `once` would go out again.
  std::string answer(uint32_t delay);

  bool operator==(const SeramExchange&) const = default;

 private:
  size_t next_number() const;
  void end_order();
  Judged polled() const;

  std::optional<SecureElement> element_{};
  std::optional<Order> order_{};
  bool sent_ = false;
  size_t number_ = 0;       // of seRamCommands in the order under way
  size_t last_ = 0;         // in the one before
  size_t before_last_ = 0;  // and in the one before that
  bool started_ = false;    // a report showed that the start command arrived
  bool stopped_ = false;
  std::vector<std::string> notes_{};
};

}  // namespace cw::service
