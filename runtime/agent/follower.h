// Who follows what an agent does. Called from the agent's thread.
#pragma once

#include <string>

#include "base/bytes.h"

namespace cw::agent {

class Follower {
 public:
  virtual ~Follower() = default;

  /// One line for people, without data of commands or answers.
  virtual void said(const std::string&) {}
  /// One command that went to the card, and its whole answer; empty: there was none.
  virtual void exchanged(ByteView, ByteView) {}
  /// The commands of an answer of the server were carried out.
  virtual void carried_out() {}
};

}  // namespace cw::agent
