// Signatures by keys that OpenSSL holds already: what signature.h imports for one use, and SigningKey keeps. Private to
// this folder.
#pragma once

#include <optional>

#include "crypto/signature.h"
#include "openssl_private.h"

namespace cw::crypto {

/// Raises usage: numbers that cannot be an RSA key. `private_exponent` null: the public half.
PkeyPtr import_rsa(const RsaPublicKey& key, const Secret* private_exponent);
/// Raises usage: not a point of the curve.
PkeyPtr import_ec_public(Curve curve, ByteView point);
/// With the public half worked out. Raises usage: a number that is no private key of the curve.
PkeyPtr import_ec_private(Curve curve, const Secret& number);

/// Its public half: both numbers of an RSA key, without leading zeros.
RsaPublicKey rsa_numbers(EVP_PKEY* key);
/// 04 | X | Y.
Bytes ec_point(EVP_PKEY* key, Curve curve);
/// Nothing: another curve.
std::optional<Curve> curve_of(EVP_PKEY* key);

Bytes rsa_sign(EVP_PKEY* key, RsaScheme scheme, ByteView message);
bool rsa_verify(EVP_PKEY* key, RsaScheme scheme, ByteView message, ByteView signature);
/// The same bytes for the same message (repeatable_signature.cc), as all that signs here.
Bytes pss_sign(EVP_PKEY* key, ByteView message);
Bytes ecdsa_sign(EVP_PKEY* key, Curve curve, ByteView message);
bool ecdsa_verify(EVP_PKEY* key, Curve curve, ByteView message, ByteView signature);

}  // namespace cw::crypto
