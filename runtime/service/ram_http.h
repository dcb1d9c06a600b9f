// Remote Application Management over HTTP (GlobalPlatform Amendment B), from the server's side: the headers of a
// device's POST, and one administration session. A step number in X-Admin-Next-URI tells which order a report is of
// (docs/decisions/0030).
//
// Plain values without a clock. A session belongs to the device door; one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/headers.h"
#include "net/server_request.h"
#include "service/expanded_format.h"
#include "service/order.h"

namespace cw::service {

/// One POST of a device.
struct RamHttpRequest {
  // X-Admin-Script-Status: the first four of Amendment B, the others of GPD_SPE_008.
  enum class Status {
    ok,
    unknown_application,
    not_a_security_domain,
    security_error,
    unavailable_se,
    temporarily_unavailable_application,
    script_format_error,
  };

  std::string from{};              // X-Admin-From
  bool resume = false;             // X-Admin-Resume: true
  std::optional<uint64_t> step{};  // of the URI that it was sent to; none: the session's first
  std::optional<Status> status{};  // none: there is no report in it
  std::optional<ResponseScript> script{};
};

/// `target`: "/path?step=3". Raises usage: no X-Admin-Protocol that we speak, no X-Admin-From, a header twice or
/// unknown in its value, a body of another type, a response script that is none.
RamHttpRequest read_ram_http(std::string_view target, const net::Headers& headers, std::string_view body);

class RamHttpExchange {
 public:
  /// `orders`: how many went out before, and ended.
  explicit RamHttpExchange(ScriptCoding coding = ScriptCoding::indefinite, uint64_t orders = 0)
      : coding_(coding), step_(orders) {}

  /// As text() wrote it. Raises store: something else.
  static RamHttpExchange parse(std::string_view text);
  /// One line. It holds the commands of the order under way, so it is kept as journals are: sealed.
  std::string text() const;

  /// The application that scripts are for, if it is not the one that the device takes them to be for.
  void choose(Bytes aid) { aid_ = std::move(aid); }
  /// The next order. It stays until taken() or dropped(). Raises usage: no commands. Raises internal: one is under way,
  /// or the session was stopped.
  void put(Order order);
  /// From now on every answer ends the session.
  void stop();

  /// The order under way, or nullptr.
  const Order* order() const { return order_ ? &*order_ : nullptr; }
  bool stopped() const { return stopped_; }

  Judged judge(const RamHttpRequest& request) const;
  /// The report of the order under way is kept.
  void taken() { order_.reset(); }
  /// The device shows that the last answer did not reach it: what was in it may go out as if it never had.
  void unseen() { sent_ = false; }
  /// The order that was put last is out already.
  void is_out() { sent_ = true; }
  /// What does not follow from its orders: nothing.
  std::string kept() const { return {}; }
  /// The order under way is given up. What the device does with it is not known.
  void dropped() { order_.reset(); }

  /// The answer, and that it was sent: keep text() before it leaves. `path`: of the session, the next step is put
  /// behind it. `delay`: seconds until a device that has nothing to do asks again. Raises internal: an order that is
  /// `once` would go out again.
  net::ServerAnswer answer(std::string_view path, unsigned delay);

  bool operator==(const RamHttpExchange&) const = default;

 private:
  Judged polled() const;
  Judged judge_report(const RamHttpRequest& request) const;

  ScriptCoding coding_;
  Bytes aid_{};
  std::optional<Order> order_{};
  bool sent_ = false;
  bool stopped_ = false;
  uint64_t step_ = 0;  // of the order under way, or of the last one
};

}  // namespace cw::service
