// A key in custody that signs and checks tokens, receipts and DAP blocks. What it does follows from what it is (GPCS
// B.3, B.4, C.3, C.4, C.5): RSA of 1024 bits PKCS#1 v1.5 with SHA-1, longer RSA PSS with SHA-256 and a salt of 32
// bytes, ECC ECDSA r | s with the hash of the curve, AES CMAC, DES the retail MAC. SM2 signs messages between parties
// alone. It can be used and never read.
//
// Shared between runs; implementations are safe to call from several threads.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/key.h"
#include "crypto/signature.h"

namespace cw::crypto {

enum class SigningAlgorithm : uint8_t { rsa_pkcs1_sha1, rsa_pss_sha256, ecdsa, aes_cmac, des_retail_mac, sm2 };

/// "RSA PKCS#1 v1.5 with SHA-1", for messages.
std::string_view to_text(SigningAlgorithm algorithm);

/// A component of a public key as PUT KEY has it (GPCS table 11-16): A1 modulus, A0 exponent, B0 point, F0 curve.
struct PublicPart {
  uint8_t type = 0;
  Bytes value{};
};

class SigningKey {
 public:
  virtual ~SigningKey() = default;

  virtual SigningAlgorithm algorithm() const = 0;
  /// Bytes of each signature.
  virtual size_t signature_size() const = 0;
  /// False: the public half alone, which only verifies.
  virtual bool can_sign() const = 0;

  /// Raises usage: the public half alone is here.
  virtual Bytes sign(ByteView message) const = 0;
  /// False: it signs the same message with other bytes each time, as a key in an HSM may. What a run sends then cannot
  /// be made again to check it.
  virtual bool repeatable() const { return true; }
  /// A signature of another length is wrong.
  virtual bool verify(ByteView message, ByteView signature) const = 0;

  /// What a card is given to check with; empty for AES and DES.
  virtual std::vector<PublicPart> public_parts() const { return {}; }
  /// The same for AES and DES, where both sides hold one key; null for RSA and ECC.
  virtual std::shared_ptr<const Key> shared() const { return nullptr; }
};

/// Raises usage: a length the type does not have.
std::shared_ptr<const SigningKey> make_signing_key(KeyType type, const Secret& bytes);
/// The public half. Raises usage: numbers that are no RSA key of 1024 bits or more.
std::shared_ptr<const SigningKey> make_signing_key(const RsaPublicKey& key);
/// Slower than from PEM, which has the factors. Raises usage: as above.
std::shared_ptr<const SigningKey> make_signing_key(const RsaPrivateKey& key);
/// The public half. Raises usage: not a point 04 | X | Y of the curve.
std::shared_ptr<const SigningKey> make_signing_key(Curve curve, ByteView point);
/// Raises usage: no private key of the curve.
std::shared_ptr<const SigningKey> make_signing_key(Curve curve, const Secret& number);
/// "rsa", "ec", "sm2"; empty: no pair.
std::string pair_name(SigningAlgorithm algorithm);
/// A new pair, its private half in PEM (PKCS#8). `name` as pair_name() has it; `size` bytes of the modulus (256, 384 or
/// 512) or of a coordinate (32, 48 or 66; of SM2 32). Raises usage: neither.
Secret generate_pair(std::string_view name, size_t size);
/// 3 bytes that tell one pair from another: of SHA-256 over its public half (SubjectPublicKeyInfo). Raises usage: no
/// private key in PEM.
Bytes pair_check_value(const Secret& pem);

/// From PEM: a private key without pass phrase, or a public one. Raises usage, without naming a file: neither, or of
/// another kind.
std::shared_ptr<const SigningKey> make_signing_key(const Secret& pem);

}  // namespace cw::crypto
