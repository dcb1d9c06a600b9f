// Signatures as GlobalPlatform uses them for tokens, receipts and DAP blocks (GPCS B.3, B.4, C.4): RSA by PKCS#1 v1.5
// or PSS, ECDSA in plain format r | s. The message is hashed here. A signature is a function of key and message: ECDSA
// takes the nonce of RFC 6979, PSS a salt made from the message, so that what was signed can be made again.
//
// Plain functions without state; safe from any thread.
#pragma once

#include "base/bytes.h"
#include "base/secret.h"

namespace cw::crypto {

/// Which hash and padding an RSA signature has. GPCS: 1024-bit keys use pkcs1_sha1, longer ones pss_sha256 (salt of 32
/// bytes).
enum class RsaScheme { pkcs1_sha1, pkcs1_sha256, pss_sha256 };

/// Big-endian numbers; leading zeros do not matter.
struct RsaPublicKey {
  Bytes modulus{};
  Bytes exponent{};
};
struct RsaPrivateKey {
  RsaPublicKey public_key{};
  Secret exponent{};
};

/// As long as the modulus. Raises usage: numbers that cannot be an RSA key, or one too short for the scheme. A
/// private exponent of another key gives a signature that does not verify.
Bytes rsa_sign(const RsaPrivateKey& key, RsaScheme scheme, ByteView message);
/// Whether the signature is right; a signature of a wrong length is wrong. Raises usage: as above.
bool rsa_verify(const RsaPublicKey& key, RsaScheme scheme, ByteView message, ByteView signature);

/// The hash follows from the curve (GPCS B.4.3): P-256 SHA-256, P-384 SHA-384, P-521 SHA-512.
enum class Curve { p256, p384, p521 };

/// Bytes of one coordinate: 32, 48, 66.
size_t coordinate_size(Curve curve);

/// r | s, each as long as a coordinate. `private_key` is the number d, big-endian, as long as a coordinate.
/// Raises usage: a private key that is none of the curve's.
Bytes ecdsa_sign(Curve curve, const Secret& private_key, ByteView message);
/// `public_key` is the point 04 | X | Y. Raises usage: not a point of the curve.
bool ecdsa_verify(Curve curve, ByteView public_key, ByteView message, ByteView signature);

}  // namespace cw::crypto
