// Keys for TLS: a private key or shared keys, handed to OpenSSL without anybody else seeing them.
//
// Owner of an SSL_CTX is the caller. Thread rule: set up by one thread, before the context is used.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"

struct ssl_ctx_st;
struct ssl_st;

namespace cw::crypto {

/// Puts a private key (PEM, no pass phrase) into `context`, beside its certificate. Raises usage: no such key, or the
/// key of another certificate.
void use_private_key(ssl_ctx_st* context, const Secret& pem);

/// The shared key of an identity, or nothing. Called in the middle of handshakes, on any thread.
using SharedKeys = std::function<std::optional<Secret>(std::string_view identity)>;

/// Makes `context` ask `keys` for the key of each client (TLS 1.2: RFC 4279; TLS 1.3: external keys with SHA-256).
/// `keys` is borrowed and outlives the context. Takes the context's and each connection's app data.
void use_shared_keys(ssl_ctx_st* context, const SharedKeys* keys);

/// Where the identity of a connection's client is put when its key was asked for. Borrowed as long as the connection.
void note_identity(ssl_st* connection, std::string* identity);

}  // namespace cw::crypto
