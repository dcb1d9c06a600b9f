// What an HTTP server lets a stranger have: bytes, times, connections. Each limit has an answer of its own, or none
// where there is nothing to answer.
//
// Plain values.
#pragma once

#include <chrono>
#include <cstddef>

namespace cw::net {

struct RequestLimits {
  size_t head_bytes = 16u << 10;  // request line and headers: 414 if the first line is longer, else 431
  size_t headers = 64;            // 431
  size_t body_bytes = 1u << 20;   // 413
};

/// Each is over the whole of what it names; a byte now and then does not extend it.
struct ServerTimes {
  std::chrono::milliseconds handshake{10'000};  // TLS
  std::chrono::milliseconds head{10'000};       // from the connection, or a request's first byte: 408
  std::chrono::milliseconds body{30'000};       // from the whole head to the whole body: 408
  std::chrono::milliseconds handler{60'000};    // until Reply::send: 503
  std::chrono::milliseconds answer{30'000};     // until the client has taken the answer
  std::chrono::milliseconds idle{60'000};       // between two requests
  std::chrono::milliseconds linger{1'000};      // for a client to read the last answer and close
};

struct ServerLimits {
  RequestLimits request{};
  ServerTimes times{};
  size_t requests_per_connection = 1000;  // the last one is answered with Connection: close
  size_t connections = 4096;              // in all; one more is closed at once
  size_t connections_per_client = 64;     // per IPv4 address, IPv6 network of 64 bits, or user of this machine
};

}  // namespace cw::net
