// A session of GP SERAM from the device's side: handshake, then orders until the server says stop.
//
// Owner: whoever has the reader. One thread at a time.
#pragma once

#include "agent/line.h"
#include "agent/relay.h"
#include "agent/seram_messages.h"

namespace cw::agent {

class SeramAgent {
 public:
  /// All are borrowed. Raises usage: a session or server that cannot be put into a URL.
  SeramAgent(const Setup& setup, Relay& relay, Follower& follower);

  /// Raises http: the server does not answer, says no, or sends what is no order.
  End run();

 private:
  bool handshake();
  /// False: it held the stop command.
  bool carry_out(const OrderMessage& order, ReportMessage& report);
  /// False: a command had no answer, or the agent was interrupted before it.
  bool send_all(const std::vector<std::string>& apdus, ReportMessage& report);
  std::optional<net::HttpResponse> post(const char* endpoint, const std::string& body);

  const Setup& setup_;
  Relay& relay_;
  Follower& follower_;
  Line line_;
  std::string base_;
};

}  // namespace cw::agent
