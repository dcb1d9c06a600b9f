// What goes to a card in one exchange, and what came back: one command to a reader of this process, a whole plan to a
// device far away.
//
// Plain values.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "card/apdu.h"
#include "host/command.h"

namespace cw::engine {

struct Order {
  /// One command as it travels: one APDU, or several where it was cut (gp/chaining.h). None follows one that was not
  /// answered with 9000.
  struct Item {
    std::vector<card::Apdu> pieces{};
    bool wrapped = false;  // by a secure channel: a card takes the same bytes once
    Bytes bytes() const;
  };
  std::vector<Item> items{};
  bool once = false;  // must not reach the card twice: what is in doubt is lost, and not sent again
};

struct Report {
  /// One for each item that was answered, in order: the last piece's status word. Fewer than there were: whoever
  /// carried them out stopped there.
  std::vector<card::Response> answers{};
  /// Why there are no more.
  std::optional<Error> error{};
  std::chrono::nanoseconds took{};
  bool again = false;  // the card may have been sent the same before, and nobody told what it answered
};

/// What carries orders to a card far away does when a command was not answered with 9000, 61xx, 62xx or 63xx.
enum class Relay : uint8_t {
  stops,    // and reports (GlobalPlatform Amendment B)
  goes_on,  // with the next command (GP SERAM 2.0)
};

/// A card far away.
struct Device {
  std::string name{};  // "device:eSE", as results and traces show it
  Relay relay = Relay::goes_on;
  std::string card{};  // identity that its card is to have (card_identity.h); empty: it is asked, whatever it is
};

/// Whether `next` is not to travel in one order with those that are in it already: nothing may do harm where a command
/// before it was refused, or its answer was lost.
bool parts_before(const std::vector<host::Command>& order, const host::Command& next, Relay relay);

}  // namespace cw::engine
