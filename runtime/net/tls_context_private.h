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

 private:
  void use_certificate(const TlsSetup& setup);
  void ask_clients(const TlsSetup& setup);
  void use_shared_keys();

  crypto::SharedKeys keys_;  // the context points at it
  SslContextPtr context_;
};

/// What a verified certificate says.
ClientCertificate describe(X509* certificate);

}  // namespace cw::net
