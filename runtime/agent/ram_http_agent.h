// An administration session of RAM over HTTP (GlobalPlatform Amendment B) from the device's side: scripts until the
// server names no next URI.
//
// Owner: whoever has the reader. One thread at a time.
#pragma once

#include "agent/line.h"
#include "agent/relay.h"
#include "agent/script.h"

namespace cw::agent {

class RamHttpAgent {
 public:
  /// All are borrowed. Raises usage: a server that is no URL.
  RamHttpAgent(const Setup& setup, Relay& relay, Follower& follower);

  /// Raises http: the server does not answer, says no, or sends what is no script.
  End run();

 private:
  struct Outgoing {
    std::string url{};
    std::string status{};  // X-Admin-Script-Status; empty: nothing to report
    Bytes body{};
  };

  net::Headers headers_of(const Outgoing& outgoing) const;
  /// False: the session is over.
  bool take(const net::HttpResponse& response, Outgoing& outgoing);
  void execute(ByteView body, const std::string* target, Outgoing& outgoing);
  bool select(const std::string& target);
  std::string next_url(const std::string& uri, const std::string& from) const;

  const Setup& setup_;
  Relay& relay_;
  Follower& follower_;
  Line line_;
  std::string origin_;    // "https://host:port"
  std::string selected_;  // X-Admin-Targeted-Application of the last script
};

}  // namespace cw::agent
