// Commands to a card, as they came. The card gets power before the first one, and again after it was gone.
//
// Owner: an agent. One thread at a time.
#pragma once

#include <functional>

#include "agent/follower.h"
#include "base/bytes.h"
#include "card/reader.h"

namespace cw::agent {

class Relay {
 public:
  /// Both are borrowed. `extended_length` is asked after each reset.
  Relay(card::Reader& reader, Follower& follower, std::function<bool()> extended_length)
      : reader_(reader), follower_(follower), extended_length_(std::move(extended_length)) {}

  /// Gives the card power, if it has none. Raises reader.
  void power();
  /// The whole answer: 61xx is fetched, and 6Cxx asked for again where the command is not part of secure messaging.
  /// Raises usage: `command` is no command APDU; nothing was sent. Raises reader: no answer.
  Bytes send(ByteView command);

  std::string name() const { return reader_.name(); }

 private:
  card::Reader& reader_;
  Follower& follower_;
  std::function<bool()> extended_length_;
  bool powered_ = false;
  bool extended_ = false;
};

}  // namespace cw::agent
