#include <cstring>
#include <ctime>
#include <filesystem>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/error.h"
#include "base/files.h"
#include "tls_context_private.h"

namespace cw::net {

namespace {

using BioPtr = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using CrlPtr = std::unique_ptr<X509_CRL, Freed<X509_CRL_free>>;

constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
// What devices speak over TLS 1.2 with a shared key (RFC 5487, RFC 5489); those without ECDHE are in use on cards.
constexpr const char* kSharedKeyCiphers =
    "ECDHE-PSK-CHACHA20-POLY1305:ECDHE-PSK-AES128-CBC-SHA256:ECDHE-PSK-AES256-CBC-SHA384:PSK-AES128-GCM-SHA256:"
    "PSK-AES256-GCM-SHA384:PSK-AES128-CBC-SHA256:PSK-AES256-CBC-SHA384";

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& why) {
  ERR_clear_error();
  throw Error(ErrorKind::usage, "cannot use " + file.string() + " for TLS: " + why);
}

void require(bool ok, const char* what) {
  if (ok) return;
  ERR_clear_error();
  throw Error(ErrorKind::internal, std::string("cannot set up TLS: ") + what + " failed in OpenSSL");
}

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

std::string time_text(const ASN1_TIME* time) {
  struct tm parts {};
  char text[32] = "";
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "a time that is none";
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

/// Of each authority there has to be one, and under one that is out of date nobody would be let in (RFC 5280 6.3.3).
void use_revocation_lists(X509_STORE* store, const std::filesystem::path& file) {
  const Bytes text = read_file(file, 16u << 20);
  const BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  // Without this OpenSSL would ask for a pass phrase on the terminal.
  const auto no_phrase = [](char*, int, int, void*) { return 0; };
  size_t count = 0;
  while (const CrlPtr list{bio ? PEM_read_bio_X509_CRL(bio.get(), nullptr, no_phrase, nullptr) : nullptr}) {
    const ASN1_TIME* next = X509_CRL_get0_nextUpdate(list.get());
    if (next != nullptr && X509_cmp_current_time(next) < 0) {
      refuse(file, "the revocation list is out of date since " + time_text(next) +
                       ", so nobody could be let in; get the next one from its authority (cardwright ca crl)");
    }
    require(X509_STORE_add_crl(store, list.get()) == 1, "X509_STORE_add_crl");
    ++count;
  }
  if (count == 0 || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
    refuse(file, "it holds no revocation list in PEM");
  }
  ERR_clear_error();
  X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
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
    refuse(setup.certificate, "it holds no certificate in PEM that OpenSSL takes");
  }
  if (X509_cmp_current_time(X509_get0_notAfter(SSL_CTX_get0_certificate(context))) < 0) {
    refuse(setup.certificate, "the certificate is out of date; renew it");
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
    if (SSL_CTX_load_verify_file(context, file.c_str()) != 1) refuse(file, "it holds no certificates in PEM");
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
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (demanded ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
}

void TlsContext::use_shared_keys() {
  require(SSL_CTX_set_cipher_list(context_.get(), kSharedKeyCiphers) == 1, "ciphers");
  // An external key of TLS 1.3 goes with one hash; ours is SHA-256.
  require(SSL_CTX_set_ciphersuites(context_.get(), "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256") == 1,
          "cipher suites");
  crypto::use_shared_keys(context_.get(), &keys_);
}

}  // namespace cw::net
