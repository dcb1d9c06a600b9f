// OpenSSL set up as a TlsSetup says: TLS 1.2 and 1.3, ciphers with forward secrecy and authenticated encryption, no
// renegotiation, no compression, no resumption.
//
// Immutable once made; shared by the connections that began with it.
#pragma once

#include <memory>

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/freed.h"
#include "crypto/tls_keys.h"
#include "net/server_request.h"
#include "net/tls_setup.h"

namespace cw::net {

using SslPtr = std::unique_ptr<SSL, Freed<SSL_free>>;
using SslContextPtr = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using X509Ptr = std::unique_ptr<X509, Freed<X509_free>>;

class TlsContext {
 public:
  /// Raises usage: a file that cannot be used, or a setup that makes no sense.
  explicit TlsContext(const TlsSetup& setup);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  SSL_CTX* get() const { return context_.get(); }
  /// Whether it lets clients in by their certificates, so that the next context may not.
  bool knows_clients() const { return knows_clients_; }

 private:
  void use_certificate(const TlsSetup& setup);
  void ask_clients(const TlsSetup& setup);
  void use_shared_keys();

  crypto::SharedKeys keys_;  // the context points at it
  SslContextPtr context_;
  bool knows_clients_ = false;
};

/// Raises usage: cannot use that file.
[[noreturn]] void refuse_file(const std::filesystem::path& file, const std::string& why);
/// Raises internal: OpenSSL did not do what it always does.
void require(bool ok, const char* what);

/// What a verified certificate says.
ClientCertificate describe(X509* certificate);

}  // namespace cw::net
