#include "load_line.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include "base/error.h"

namespace cw::bench {

LoadPlace::LoadPlace(const std::string& where, const std::string& ca, const std::string& certificate,
                     const std::string& key) {
  const size_t colon = where.rfind(':');
  address.sin_family = AF_INET;
  if (colon == std::string::npos || ::inet_pton(AF_INET, where.substr(0, colon).c_str(), &address.sin_addr) != 1) {
    throw Error(ErrorKind::usage, "the server is named as 127.0.0.1:PORT, and not " + where);
  }
  address.sin_port = htons(static_cast<uint16_t>(std::stoi(where.substr(colon + 1))));
  tls = SSL_CTX_new(TLS_client_method());
  if (SSL_CTX_load_verify_locations(tls, ca.c_str(), nullptr) != 1 ||
      SSL_CTX_use_certificate_chain_file(tls, certificate.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(tls, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    throw Error(ErrorKind::usage, "cannot use the certificates " + ca + ", " + certificate + " and " + key);
  }
  SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
}

void LoadLine::close() {
  if (ssl_ != nullptr) {
    wire_out += BIO_number_written(SSL_get_wbio(ssl_));
    wire_in += BIO_number_read(SSL_get_rbio(ssl_));
    SSL_free(ssl_);
  }
  ssl_ = nullptr;
  fd_ = Fd();
  connected_ = false;
}

void LoadLine::connect() {
  fd_ = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd_.get() < 0) throw LineLost("no more sockets");
  const int on = 1;
  ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const auto* to = reinterpret_cast<const sockaddr*>(&place_.address);
  if (::connect(fd_.get(), to, sizeof place_.address) != 0 && errno != EINPROGRESS) {
    fd_ = Fd();
    throw LineLost("no connection");
  }
  ssl_ = SSL_new(place_.tls);
  SSL_set_fd(ssl_, fd_.get());
  SSL_set_connect_state(ssl_);
  ++connections;
}

void LoadLine::begin(const std::string& request) {
  out_ = request;
  sent_ = head_ = body_ = 0;
  in_.clear();
  answer_ = {};
  if (ssl_ == nullptr) connect();
}

LoadLine::Wants LoadLine::wants(int result, const char* doing) {
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
      return Wants::read;
    case SSL_ERROR_WANT_WRITE:
      return Wants::write;
    default:
      break;
  }
  const char* reason = ERR_reason_error_string(ERR_get_error());
  ERR_clear_error();
  close();
  throw LineLost(std::string("the connection broke while ") + doing + (reason != nullptr ? ": " : "") +
                 (reason != nullptr ? reason : ""));
}

/// Reads the head once it is there; whether all of the body is.
bool LoadLine::whole() {
  if (head_ == 0) {
    const size_t end = in_.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    head_ = end + 4;
    answer_.status = std::stoi(in_.substr(in_.find(' ') + 1));
    for (size_t at = in_.find("\r\n") + 2; at < end + 2;) {
      const size_t next = in_.find("\r\n", at);
      const size_t colon = in_.find(':', at);
      std::string name = in_.substr(at, colon - at);
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
      const size_t value = in_.find_first_not_of(' ', colon + 1);
      answer_.headers[name] = in_.substr(value, next - value);
      at = next + 2;
    }
    const auto length = answer_.headers.find("content-length");
    body_ = length == answer_.headers.end() ? 0 : std::stoul(length->second);
  }
  return in_.size() >= head_ + body_;
}

LoadLine::Wants LoadLine::go() {
  if (!connected_) {
    const int done = SSL_connect(ssl_);
    if (done != 1) return wants(done, "it was made");
    connected_ = true;
  }
  while (sent_ < out_.size()) {
    const int done = SSL_write(ssl_, out_.data() + sent_, static_cast<int>(out_.size() - sent_));
    if (done <= 0) return wants(done, "a request was sent");
    sent_ += static_cast<size_t>(done);
    http_out += static_cast<uint64_t>(done);
  }
  std::array<char, 16384> room{};
  while (!whole()) {
    const int done = SSL_read(ssl_, room.data(), static_cast<int>(room.size()));
    if (done <= 0) return wants(done, "an answer was awaited");
    in_.append(room.data(), static_cast<size_t>(done));
    http_in += static_cast<uint64_t>(done);
  }
  return Wants::nothing;
}

LoadAnswer LoadLine::take() {
  answer_.body = in_.substr(head_, body_);
  const auto connection = answer_.headers.find("connection");
  if (connection != answer_.headers.end() && connection->second == "close") close();
  std::string().swap(in_);
  std::string().swap(out_);
  return std::move(answer_);
}

}  // namespace cw::bench
