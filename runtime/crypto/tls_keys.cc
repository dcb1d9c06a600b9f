#include "crypto/tls_keys.h"

#include <algorithm>

#include <openssl/ssl.h>

#include "pem_private.h"
#include "secret_bytes_private.h"

namespace cw::crypto {

namespace {

/// OpenSSL calls this with room for a key; 0 ends the handshake.
unsigned find_shared_key(SSL* connection, const char* identity, unsigned char* room, unsigned size) {
  const auto* keys = static_cast<const SharedKeys*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(connection)));
  if (!keys || !identity) return 0;
  try {
    const std::optional<Secret> key = (*keys)(identity);
    if (!key || key->empty() || key->size() > size) return 0;
    if (auto* noted = static_cast<std::string*>(SSL_get_app_data(connection))) *noted = identity;
    const ByteView bytes = SecretBytes::view(*key);
    std::copy(bytes.begin(), bytes.end(), room);
    return static_cast<unsigned>(bytes.size());
  } catch (const std::exception&) {
    // Nothing may be thrown through OpenSSL. Whoever has no key for this identity refuses it.
    return 0;
  }
}

}  // namespace

void use_private_key(ssl_ctx_st* context, const Secret& pem) {
  const PkeyPtr key = private_key_of(pem);
  const bool used = key && SSL_CTX_use_PrivateKey(context, key.get()) == 1;
  ERR_clear_error();
  if (!key) throw Error(ErrorKind::usage, "it holds no private key in PEM, or one with a pass phrase");
  if (!used) throw Error(ErrorKind::usage, "it holds the key of another certificate");
}

void use_shared_keys(ssl_ctx_st* context, const SharedKeys* keys) {
  // OpenSSL's own types have this pointer without const; it is only read.
  SSL_CTX_set_app_data(context, const_cast<SharedKeys*>(keys));
  SSL_CTX_set_psk_server_callback(context, find_shared_key);
}

void note_identity(ssl_st* connection, std::string* identity) { SSL_set_app_data(connection, identity); }

}  // namespace cw::crypto
