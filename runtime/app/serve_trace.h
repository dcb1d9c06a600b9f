// What travels between a PC/SC reader and a simulated card that is served to it, decoded as it is on the wire: secure
// messaging stays on. The data of commands that bring keys, codes and personal data are left out, and answers that may
// hold some.
//
// One for each card; several may share a stream, guarded by the mutex that is handed in.
#pragma once

#include <mutex>
#include <ostream>
#include <string>

#include "base/bytes.h"

namespace cw::app {

class ServeTrace {
 public:
  /// `card` names the card in front of each line; empty if there is only one.
  ServeTrace(std::ostream& out, std::mutex& guard, std::string card)
      : out_(out), guard_(guard), card_(std::move(card)) {}

  void power(bool on, ByteView atr);
  /// `response` is empty if the card lost power. `why`: the simulated card's reason for a refusal, or empty.
  void exchanged(ByteView command, ByteView response, const std::string& why);

 private:
  std::ostream& out_;
  std::mutex& guard_;
  std::string card_;
  uint64_t number_ = 0;
};

}  // namespace cw::app
