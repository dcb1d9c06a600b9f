// What a server's handler is given, and how it answers. Plain values but for Reply.
//
// Thread rule: Reply may be moved to and used from any thread, by one at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/headers.h"

namespace cw::net {

/// A client's certificate that was verified. Names that hold control characters are left out.
struct ClientCertificate {
  std::string subject{};  // RFC 2253: CN=device 7,O=Acme
  std::string issuer{};
  std::vector<std::string> dns_names{};  // subject alternative names
  std::vector<std::string> uris{};
  std::string sha256{};  // of the certificate, 64 hex digits
  std::string serial{};  // hex digits
};

struct LocalUser {
  unsigned uid = 0;
  int pid = 0;
};

/// Who sent a request, as far as the transport knows.
struct Peer {
  std::string address{};  // "192.0.2.1:4711", "[2001:db8::1]:4711", "unix"
  std::optional<ClientCertificate> certificate{};
  std::optional<std::string> psk_identity{};
  std::optional<LocalUser> user{};  // of a unix socket
};

struct ServerRequest {
  std::string method{};  // GET HEAD POST PUT PATCH DELETE OPTIONS
  std::string target{};  // "/path?query", as it was sent
  Headers headers{};
  std::string body{};
  Peer peer{};

  /// The first header of this name in any case, or empty.
  std::string_view header(std::string_view name) const {
    const std::string* value = find_header(headers, name);
    return value ? std::string_view(*value) : std::string_view();
  }
};

/// Content-Length, Connection, Date and the like are the server's own.
struct ServerAnswer {
  int status = 200;  // 200 to 599
  Headers headers{};
  std::string body{};  // not sent to HEAD, nor with 204 and 304
};

class Pending;

/// The one answer to one request. Dropped unsent, the client gets 500 and the log a line.
class Reply {
 public:
  explicit Reply(std::shared_ptr<Pending> pending) : pending_(std::move(pending)) {}
  Reply(Reply&&) noexcept = default;
  Reply& operator=(Reply&& other) noexcept;
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;
  ~Reply();

  /// Does nothing if the client is gone. Raises usage, and sends nothing: a status or header that cannot be sent, a
  /// header that is the server's own; answered already.
  void send(ServerAnswer answer);

  /// Whether nobody waits any more: the client closed its side, or the handler's time is over.
  bool gone() const;
  /// Calls `then` once when that happens, from a thread of the server, or at once if it has. `then` must be quick.
  void on_gone(std::function<void()> then);

 private:
  void drop();
  std::shared_ptr<Pending> pending_;
};

}  // namespace cw::net
