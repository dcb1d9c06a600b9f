// What an agent is told before it begins.
//
// Plain values; borrowed by the agent, which they outlive.
#pragma once

#include <chrono>
#include <string>

#include "net/http_client.h"

namespace cw::agent {

struct Setup {
  std::string server{};   // URL: of SERAM without /handshake, of RAM over HTTP what is posted to first
  std::string session{};  // letters, digits and - . _ ~
  std::string se_type = "undefined";
  std::string se_id{};
  net::HttpLimits http{.deadline = std::chrono::milliseconds(40'000)};  // its `stop` ends the session too
  std::chrono::milliseconds patience{300'000};                          // how long a request is tried again
  std::chrono::milliseconds first_wait{500};                            // before it is; doubled each time
  std::chrono::milliseconds longest_wait{15'000};
};

/// How a session ended.
enum class End {
  by_server,
  interrupted,
};

}  // namespace cw::agent
