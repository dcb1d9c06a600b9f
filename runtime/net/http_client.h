// One HTTP request to a backend: TLS verified, one deadline over everything, a cap on the answer, no redirects.
//
// Stateless; call from any thread. Blocks until the answer is there or the deadline is over. A request over TLS that is
// cut writes to a closed socket: the program ignores SIGPIPE.
#pragma once

#include <atomic>
#include <chrono>
#include <string>

#include "crypto/shared_key.h"
#include "net/headers.h"

namespace cw::net {

struct HttpRequest {
  std::string method{};  // GET POST PUT PATCH DELETE HEAD
  std::string url{};     // http:// or https://
  Headers headers{};
  std::string body{};
};

struct HttpResponse {
  int status = 0;  // any: a 404 is an answer
  Headers headers{};
  std::string body{};
};

struct HttpLimits {
  std::chrono::milliseconds deadline{30'000};  // from the first packet to the last; name resolution is the system's own
  size_t response_bytes = 4u << 20;            // of the body
  std::string ca_file{};                       // PEM; empty: what the system trusts
  std::string revoked{};                       // PEM: revocation lists of all in ca_file; empty: none is asked
  std::string certificate{};                   // PEM: who we are, then those that vouch for it; empty: nobody
  std::string key{};                           // PEM: of that certificate; a file that others can read is refused
  const crypto::SharedKey* shared_key = nullptr;  // instead of all certificates: TLS-PSK; outlives the call
  std::string unix_socket{};                      // a path to connect to in place of the URL's host
  const std::atomic<bool>* stop = nullptr;        // outlives the call; the request is cut when it turns true
};

/// Raises usage: a URL, method or header that cannot be sent, a certificate or key of ours that cannot be used. Raises
/// http: no connection, a certificate that is not trusted, a revocation list that is
/// out of date or none, too slow, too much, broken off, stopped.
HttpResponse send(const HttpRequest& request, const HttpLimits& limits = {});

}  // namespace cw::net
