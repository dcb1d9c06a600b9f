#include <cstring>
#include <filesystem>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/error.h"
#include "base/files.h"
#include "revocation_lists_private.h"
#include "tls_context_private.h"

namespace cw::net {

void refuse_file(const std::filesystem::path& file, const std::string& why) {
  ERR_clear_error();
  throw Error(ErrorKind::usage, "cannot use " + file.string() + " for TLS: " + why);
}

void require(bool ok, const char* what) {
  if (ok) return;
  ERR_clear_error();
  throw Error(ErrorKind::internal, std::string("cannot set up TLS: ") + what + " failed in OpenSSL");
}

namespace {

constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
// What devices speak over TLS 1.2 with a shared key (RFC 5487, RFC 5489); those without ECDHE are in use on cards.
constexpr const char* kSharedKeyCiphers =
    "ECDHE-PSK-CHACHA20-POLY1305:ECDHE-PSK-AES128-CBC-SHA256:ECDHE-PSK-AES256-CBC-SHA384:PSK-AES128-GCM-SHA256:"
    "PSK-AES256-GCM-SHA384:PSK-AES128-CBC-SHA256:PSK-AES256-CBC-SHA384";

/// RFC 7301: who offers protocols, and HTTP/1.1 is none of them, is sent away.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned offered_size, void*) {
  static constexpr char kHttp[] = "http/1.1";
  for (unsigned at = 0; at < offered_size; at += 1u + offered[at]) {
    if (offered[at] != sizeof(kHttp) - 1 || std::memcmp(offered + at + 1, kHttp, sizeof(kHttp) - 1) != 0) continue;
    *chosen = offered + at + 1;
    *size = offered[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// Who trusts an authority for its clients lets in what it says is a client's (RFC 5280 4.2.1.12): OpenSSL takes a
/// certificate that says nothing for one of any purpose, and so that of a key in a card.
int want_client(int good, X509_STORE_CTX* context) {
  if (good != 1 || X509_STORE_CTX_get_error_depth(context) != 0) return good;
  X509* client = X509_STORE_CTX_get_current_cert(context);
  const bool says = (X509_get_extension_flags(client) & EXFLAG_XKUSAGE) != 0;
  if (says && (X509_get_extended_key_usage(client) & XKU_SSL_CLIENT) != 0) return 1;
  X509_STORE_CTX_set_error(context, X509_V_ERR_INVALID_PURPOSE);
  return 0;
}

void check_readable(const std::filesystem::path& file) { read_file(file, 16u << 20); }

}  // namespace

TlsContext::TlsContext(const TlsSetup& setup) : keys_(setup.shared_key), context_(SSL_CTX_new(TLS_server_method())) {
  require(context_ != nullptr, "SSL_CTX_new");
  SSL_CTX* context = context_.get();
  require(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1, "the lowest version");
  SSL_CTX_set_options(
      context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  require(SSL_CTX_set_num_tickets(context, 0) == 1, "tickets");
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_max_cert_list(context, 64 << 10);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  require(SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") == 1, "groups");

  if (keys_) {
    if (!setup.certificate.empty() || !setup.key.empty() || setup.clients != ClientCertificates::none) {
      throw Error(ErrorKind::usage,
                  "cannot set up TLS: both shared keys and certificates; a door has one of the two, make another door");
    }
    use_shared_keys();
    return;
  }
  require(SSL_CTX_set_cipher_list(context, kCiphers) == 1, "ciphers");
  use_certificate(setup);
  ask_clients(setup);
}

void TlsContext::use_certificate(const TlsSetup& setup) {
  SSL_CTX* context = context_.get();
  check_readable(setup.certificate);
  if (SSL_CTX_use_certificate_chain_file(context, setup.certificate.c_str()) != 1) {
    refuse_file(setup.certificate, "it holds no certificate in PEM that OpenSSL takes");
  }
  if (X509_cmp_current_time(X509_get0_notAfter(SSL_CTX_get0_certificate(context))) < 0) {
    refuse_file(setup.certificate, "the certificate is out of date; renew it");
  }
  try {
    crypto::use_private_key(context, read_secret_file(setup.key));
  } catch (const Error& error) {
    throw error.within("cannot use " + setup.key.string() + " for TLS");
  }
}

void TlsContext::ask_clients(const TlsSetup& setup) {
  if (setup.clients == ClientCertificates::none) return;
  SSL_CTX* context = context_.get();
  if (setup.authorities.empty()) {
    throw Error(ErrorKind::usage, "cannot set up TLS: clients are asked for certificates, and no authority is named");
  }
  for (const std::filesystem::path& file : setup.authorities) {
    check_readable(file);
    if (SSL_CTX_load_verify_file(context, file.c_str()) != 1) refuse_file(file, "it holds no certificates in PEM");
  }
  // Sent to clients, so that they know which certificate to choose.
  STACK_OF(X509_NAME)* names = sk_X509_NAME_new_null();
  for (const std::filesystem::path& file : setup.authorities) SSL_add_file_cert_subjects_to_stack(names, file.c_str());
  SSL_CTX_set_client_CA_list(context, names);
  if (!setup.revoked.empty()) {
    use_revocation_lists(SSL_CTX_get_cert_store(context), setup.revoked);
  }
  SSL_CTX_set_verify_depth(context, 4);
  const bool demanded = setup.clients == ClientCertificates::demanded;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (demanded ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), want_client);
  knows_clients_ = true;
}

void TlsContext::use_shared_keys() {
  require(SSL_CTX_set_cipher_list(context_.get(), kSharedKeyCiphers) == 1, "ciphers");
  // An external key of TLS 1.3 goes with one hash; ours is SHA-256.
  require(SSL_CTX_set_ciphersuites(context_.get(), "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256") == 1,
          "cipher suites");
  crypto::use_shared_keys(context_.get(), &keys_);
}

}  // namespace cw::net
