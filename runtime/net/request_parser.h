// One HTTP/1 request out of the bytes of a stranger, piece by piece, within limits. Refuses everything that two
// programs could read in two ways (RFC 9112 11.2: request smuggling).
//
// Owner: a connection, one for each request. Thread rule: one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "net/server_limits.h"
#include "net/server_request.h"

namespace cw::net {

struct Refusal {
  int status = 0;
  std::string why{};  // one line, none of the stranger's bytes in it
};

class RequestParser {
 public:
  enum class State { head, body, whole, refused };

  explicit RequestParser(const RequestLimits& limits);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  /// Takes bytes and says how many; the others belong to the next request. Nothing more once whole or refused.
  size_t feed(std::string_view bytes);

  State state() const;
  const Refusal& refusal() const;
  /// The client waits for 100 Continue before it sends the body, and none of that has come.
  bool wants_continue() const;
  /// Whether the client means to send another request: HTTP/1.1 without Connection: close, or 1.0 with keep-alive.
  bool keeps_alive() const;
  bool is_http_1_0() const;

  /// As far as it is known; the peer is the caller's to fill in.
  ServerRequest& request();
  /// Bytes that it holds, for tests of the limits.
  size_t held() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cw::net
