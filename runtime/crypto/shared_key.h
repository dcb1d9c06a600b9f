// A key that a TLS client shares with its server (RFC 4279), handed to OpenSSL without anybody else seeing it.
//
// Owner of an SSL_CTX is the caller. Thread rule: set up by one thread, before the context is used.
#pragma once

#include <filesystem>
#include <string>

#include "base/secret.h"

struct ssl_ctx_st;

namespace cw::crypto {

struct SharedKey {
  std::string identity{};
  Secret key{};
};

/// The key in a file of 32 to 128 hexadecimal digits that only its owner may read. Raises usage: as read_secret_file,
/// or other content; an identity that is empty or longer than 128 bytes.
SharedKey read_shared_key(std::string identity, const std::filesystem::path& file);

/// Makes `context` take part in handshakes with this key and with nothing else: TLS 1.2, and only ciphers in which the
/// key proves both sides. `key` is borrowed and outlives the context. Takes the context's app data.
void offer_shared_key(ssl_ctx_st* context, const SharedKey* key);

}  // namespace cw::crypto
