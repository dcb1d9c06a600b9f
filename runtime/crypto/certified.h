// Signatures of files by keys that certificates vouch for: Ed25519, or ECDSA on P-256 with SHA-256 and on P-384 with
// SHA-384, each in the form that `openssl pkeyutl -verify -rawin` checks too. The chain is X.509 (RFC 5280).
//
// Plain functions without state; safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/secret.h"

namespace cw::crypto {

/// How many certificates a chain may have, the signer's among them.
inline constexpr size_t kChainLimit = 8;

struct Certified {
  Bytes signature{};
  std::string chain{};  // PEM: the signer's certificate, then those that lead to the trusted one
};

/// Who signed, as the certificate says.
struct Signer {
  std::string name{};         // its subject, as RFC 4514 writes it
  std::string fingerprint{};  // SHA-256 of the certificate
  int64_t until = 0;          // seconds since 1970: when it ends
};

/// Signs with the private key `key_pem` (no pass phrase). Raises usage, without naming a file: no such key, a key of
/// another kind, certificates that are none, the first one is of another key, or must not sign files.
Certified sign_certified(const Secret& key_pem, std::string_view chain_pem, ByteView message);

/// Checks the signature, and the chain up to a certificate of `trust_pem`, as of `now` (seconds since 1970): times, CA
/// flags, path lengths, key usages, strength of each signature. Raises usage: `trust_pem` holds no certificates;
/// script, without naming a file: which certificate, what is wrong with it, or that the signature is of something else.
Signer verify_certified(const Certified& certified, ByteView message, std::string_view trust_pem, int64_t now);

}  // namespace cw::crypto
