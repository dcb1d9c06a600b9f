// Outside as a run drives it: the card is reset at first, then each request is carried out and its reply handed back.
// Behind it is a reader of this process, or a recording.
//
// Owner: one attempt, or one prompt. One thread.
#pragma once

#include "engine/order.h"
#include "host/outside.h"

namespace cw::engine {

/// Whether a backend gets it.
inline bool is_for_backend(const host::Request& request) {
  return std::holds_alternative<host::HttpCall>(request) || std::holds_alternative<host::Deliver>(request);
}

class RunOutside : public host::Outside {
 public:
  /// Powers the card up; returns the ATR. Raises reader.
  virtual Bytes reset() = 0;

  /// What was submitted last.
  virtual const host::Request& request() const = 0;
  /// Begins to carry it out, where that has not begun. What a card far away is to be asked now; null: nothing, and
  /// carry_out() ends it.
  virtual const Order* order() { return nullptr; }
  /// What came back for the order: another one follows, or none.
  virtual void answered(const Report& /*report*/) {}
  /// Carries it out, and blocks as long as that takes; for Wait, nothing is carried out. Errors come back as a Reply.
  virtual host::Reply carry_out() = 0;

  /// Whether a Wait takes its time. In a recording that time has passed, and carry_out() answers.
  virtual bool waits_by_clock() const { return true; }
  /// Where the script left the recording, which ends the run whatever the script makes of it; null: it did not.
  virtual const Error* difference() const { return nullptr; }
  /// The script came to its end, or failed. Where the recording goes on from there, that is a difference.
  virtual void check_end() {}
};

}  // namespace cw::engine
