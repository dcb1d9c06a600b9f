#include <cerrno>
#include <cstring>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "base/error.h"
#include "crypto/tls_keys.h"
#include "wire_private.h"

namespace cw::net {

namespace {

Moved moved(ssize_t result, Flow wait) {
  if (result > 0) return {Flow::done, static_cast<size_t>(result)};
  if (result == 0) return {Flow::closed};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {wait};
  return {Flow::failed};
}

}  // namespace

Wire::Wire(int fd, std::shared_ptr<const TlsContext> tls) : fd_(fd), tls_(std::move(tls)) {
  if (!tls_) return;
  ssl_.reset(SSL_new(tls_->get()));
  if (!ssl_ || SSL_set_fd(ssl_.get(), fd_) != 1) throw Error(ErrorKind::internal, "OpenSSL has no memory left");
  SSL_set_accept_state(ssl_.get());
  identity_ = std::make_unique<std::string>();
  crypto::note_identity(ssl_.get(), identity_.get());
}

Flow Wire::handshake() {
  if (!ssl_) return Flow::done;
  ERR_clear_error();
  errno = 0;
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) return Flow::done;
  const Flow flow = flow_of(result);
  if (flow == Flow::closed) reason_ = "the client closed the connection";
  if (flow == Flow::failed && reason_.empty()) reason_ = "the connection broke";
  return flow;
}

Flow Wire::flow_of(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Flow::wants_read;
    case SSL_ERROR_WANT_WRITE:
      return Flow::wants_write;
    case SSL_ERROR_ZERO_RETURN:
      return Flow::closed;
    case SSL_ERROR_SYSCALL:
      broken_ = true;
      return errno == 0 ? Flow::closed : Flow::failed;
    default:
      broken_ = true;
  }
  const unsigned long code = ERR_peek_last_error();
  if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    ERR_clear_error();
    return Flow::closed;
  }
  const long verified = SSL_get_verify_result(ssl_.get());
  const char* text = ERR_reason_error_string(code);
  if (verified == X509_V_ERR_CRL_HAS_EXPIRED) {
    reason_ = "the revocation list of this door is out of date, so nobody is let in; give it the next one";
  } else if (verified == X509_V_ERR_INVALID_PURPOSE) {
    reason_ = "its certificate is none of a client (extendedKeyUsage clientAuth)";
  } else {
    reason_ = verified != X509_V_OK ? X509_verify_cert_error_string(verified) : text ? text : "the connection broke";
  }
  ERR_clear_error();
  return Flow::failed;
}

void Wire::tell(Peer& peer) const {
  if (!ssl_) return;
  if (!identity_->empty()) {
    peer.psk_identity = *identity_;
    return;
  }
  const X509Ptr certificate(SSL_get1_peer_certificate(ssl_.get()));
  if (certificate) peer.certificate = describe(certificate.get());
}

Moved Wire::read(std::span<char> room) {
  if (!ssl_) return moved(::recv(fd_, room.data(), room.size(), 0), Flow::wants_read);
  if (broken_) return {Flow::failed};
  ERR_clear_error();
  errno = 0;
  size_t bytes = 0;
  const int result = SSL_read_ex(ssl_.get(), room.data(), room.size(), &bytes);
  if (result == 1) return {Flow::done, bytes};
  return {flow_of(result)};
}

Moved Wire::write(std::string_view bytes) {
  if (!ssl_) return moved(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL), Flow::wants_write);
  if (broken_) return {Flow::failed};
  ERR_clear_error();
  errno = 0;
  size_t written = 0;
  const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written);
  if (result == 1) return {Flow::done, written};
  return {flow_of(result)};
}

bool Wire::holds_bytes() const { return ssl_ && SSL_has_pending(ssl_.get()) == 1; }

Flow Wire::discard(std::span<char> room) {
  return moved(::recv(fd_, room.data(), room.size(), 0), Flow::wants_read).flow;
}

void Wire::end() {
  if (ssl_ && !broken_ && SSL_is_init_finished(ssl_.get())) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  ::shutdown(fd_, SHUT_WR);
}

}  // namespace cw::net
