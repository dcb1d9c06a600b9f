// An HTTP/1.1 server: one listener, strict limits, TLS if it is asked for, handlers that answer when they can. What the
// requests mean is its owner's; each door of a service has a server of its own.
//
// Owner: whoever made it. Thread rule: all functions from any thread but the server's own; handler and hooks are
// called from the server's threads, at the same time if it has several. They must not wait.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/server_limits.h"
#include "net/server_request.h"
#include "net/tls_setup.h"

namespace cw::net {

using Handler = std::function<void(ServerRequest request, Reply reply)>;

/// One answer that went out, or could not. Borrowed for the call.
struct ServedRequest {
  const Peer& peer;
  std::string_view method{};  // empty if the request was refused before it was known
  std::string_view target{};
  int status = 0;
  std::chrono::microseconds took{};  // from the request's first byte
  std::string_view why{};            // of a refusal by the server itself
};

struct ServerHooks {
  std::function<void(const ServedRequest&)> served{};
  /// A connection that ended without an answer: who, and why.
  std::function<void(std::string_view address, std::string_view why)> turned_away{};
  /// What the operator should know: a handler that failed, no more files. Empty: the program's log.
  std::function<void(std::string_view line)> problem{};
};

struct ServerCounters {
  uint64_t open = 0;  // connections
  uint64_t accepted = 0;
  uint64_t refused = 0;  // connections over a limit
  uint64_t handshakes_failed = 0;
  uint64_t bytes_in = 0;  // of HTTP
  uint64_t bytes_out = 0;
  std::array<uint64_t, 6> answers{};  // [2]: those with a status of 200 to 299
};

struct ServerSetup {
  std::string
      listen{};  // "127.0.0.1:8443", "[::1]:0", "unix:/run/cardwright/operator", or "fd:7": net/listening_socket.h
  std::optional<TlsSetup> tls{};
  ServerLimits limits{};
  Handler handler{};
  unsigned threads = 1;
  ServerHooks hooks{};
};

/// Whether a server could use these files. Raises usage: why it could not.
void check_tls(const TlsSetup& setup);

class HttpServer {
 public:
  /// Listens when it returns. Raises usage: an address that cannot be listened on, TLS files that cannot be used.
  explicit HttpServer(const ServerSetup& setup);
  /// Cuts what is open.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Where it listens, with the port that the system chose: "127.0.0.1:43117".
  const std::string& address() const;
  uint16_t port() const;  // 0 for a unix socket

  /// For connections from now on. Those that are open go on as they began, but where clients are let in by their
  /// certificates they are closed: idle ones at once, the others, also those that shake hands, after one answer, so
  /// that who was revoked has to come in again. Raises usage as above, and leaves all as it was.
  void reload(const TlsSetup& tls);

  /// Stops listening, closes what is idle, lets the answers under way finish, and cuts the rest after `patience`.
  /// Returns whether nothing had to be cut.
  bool drain(std::chrono::milliseconds patience);

  ServerCounters counters() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cw::net
