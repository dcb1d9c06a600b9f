// Bytes to and from a client over a socket that never blocks, plain or through TLS. Says what to wait for when there
// is nothing to do. OpenSSL works on the socket itself and gives its buffers back: an idle connection keeps none.
//
// Owner: a connection. Thread rule: one thread at a time, and one that blocks SIGPIPE.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/server_request.h"
#include "tls_context_private.h"

namespace cw::net {

enum class Flow { done, wants_read, wants_write, closed, failed };

struct Moved {
  Flow flow = Flow::done;
  size_t bytes = 0;
};

class Wire {
 public:
  /// `fd` is borrowed. `tls` may be null: plain.
  Wire(int fd, std::shared_ptr<const TlsContext> tls);

  /// What it began with; null: plain.
  const TlsContext* tls() const { return tls_.get(); }

  /// done at once for a plain one.
  Flow handshake();
  /// Why the handshake failed.
  const std::string& reason() const { return reason_; }
  /// What the handshake proved.
  void tell(Peer& peer) const;

  Moved read(std::span<char> room);
  Moved write(std::string_view bytes);
  /// Bytes that were read from the socket and not asked for yet; waiting for the socket would miss them.
  bool holds_bytes() const;
  /// Reads what nobody wants any more, after end().
  Flow discard(std::span<char> room);
  /// Tells the client that nothing more comes. Does not wait.
  void end();

 private:
  Flow flow_of(int result);

  int fd_;
  std::shared_ptr<const TlsContext> tls_;  // the connection keeps the one it began with
  SslPtr ssl_;
  std::unique_ptr<std::string> identity_;  // of a shared key; its address is OpenSSL's
  std::string reason_;
  bool broken_ = false;
};

}  // namespace cw::net
