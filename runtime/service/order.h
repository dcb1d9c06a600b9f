// What goes to a remote device and what comes back, whatever protocol carries it.
//
// Plain values, safe from any thread.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"

namespace cw::service {

/// Commands that a device sends to its card one after the other.
struct Order {
  std::vector<Bytes> commands{};  // C-APDUs as they travel
  bool once = false;              // must not reach the card twice: what is in doubt is lost, and not sent again

  bool operator==(const Order&) const = default;
};

/// What became of an order.
struct Report {
  enum class Outcome {
    processed,    // every command was sent
    stopped,      // the device stopped at a command that failed, as its protocol has it
    unavailable,  // no secure element, or it was gone
    refused,      // the device or the application does not let us
    failed,       // anything else
  };

  std::vector<Bytes> answers{};  // R-APDUs; fewer than commands: it stopped there; an empty one: none was there
  Outcome outcome = Outcome::processed;
  std::string message{};  // of the device, for people; empty if it gave none

  bool operator==(const Report&) const = default;
};

/// What a request of a device means for the order under way. Nothing changes by finding out.
struct Judged {
  enum class What {
    polled,    // it asks what there is to do
    reported,  // it reports the order that was sent last: take `report`, then tell taken()
    repeated,  // it did not see the last answer: tell unseen(), and that goes out again
    lost,      // the order was sent and must not be sent again, and the device does not know it: tell dropped()
    late,      // it reports what was taken before the last report: a copy that nobody waits for; nothing is to be done
    foreign,   // it reports what it was not sent: the device is confused or lies
  };

  What what = What::polled;
  Report report{};    // of `reported`
  std::string why{};  // of `lost` and `foreign`
};

}  // namespace cw::service
