// Signatures by keys that the card holds.
#include "crypto/aes.h"
#include "crypto/des.h"
#include "crypto/digest.h"
#include "crypto/signature.h"
#include "delegated_private.h"

namespace cw::se {
namespace {

constexpr uint8_t kRsaExponent = 0xA0, kRsaModulus = 0xA1, kEccPublic = 0xB0, kEccPrivate = 0xB1, kEccCurve = 0xF0;

const Bytes* part(const CardKey& key, uint8_t type) {
  for (const KeyComponent& one : key.parts) {
    if (one.type == type) return &one.value;
  }
  return nullptr;
}

// GPCS table B-2: what a key parameter reference stands for. Without one the length of the key decides.
std::optional<crypto::Curve> curve_of(const CardKey& key, size_t coordinate) {
  const Bytes* reference = part(key, kEccCurve);
  if (reference != nullptr && !reference->empty()) {
    switch (reference->back()) {
      case 0x00:
        return crypto::Curve::p256;
      case 0x01:
        return crypto::Curve::p384;
      case 0x02:
        return crypto::Curve::p521;
      default:
        return {};
    }
  }
  for (const crypto::Curve curve : {crypto::Curve::p256, crypto::Curve::p384, crypto::Curve::p521}) {
    if (crypto::coordinate_size(curve) == coordinate) return curve;
  }
  return {};
}

std::optional<Bytes> mac(const CardKey& key, ByteView message) {
  if (key.type() == key_type::kDes) {
    const crypto::Block8 out = crypto::Des(Secret::copy(key.parts[0].value)).retail_mac({}, {message});
    return Bytes(out.begin(), out.end());
  }
  if (key.type() == key_type::kAes) {
    const crypto::Block16 out = crypto::Aes(Secret::copy(key.parts[0].value)).cmac(message);
    return Bytes(out.begin(), out.end());
  }
  return {};
}

bool verifies_rsa(const Bytes& modulus, const Bytes& exponent, ByteView message, ByteView signature) {
  // B.3: up to 1024 bits PKCS#1 v1.5 with SHA-1, above that PSS with SHA-256.
  const auto scheme = modulus.size() <= 128 ? crypto::RsaScheme::pkcs1_sha1 : crypto::RsaScheme::pss_sha256;
  return crypto::rsa_verify({modulus, exponent}, scheme, message, signature);
}

}  // namespace

bool verifies(const CardKey& key, ByteView message, ByteView signature) {
  try {
    if (const auto expected = mac(key, message)) return crypto::constant_time_equal(*expected, signature);
    const Bytes* modulus = part(key, kRsaModulus);
    const Bytes* exponent = part(key, kRsaExponent);
    if (modulus != nullptr && exponent != nullptr) return verifies_rsa(*modulus, *exponent, message, signature);
    const Bytes* point = part(key, kEccPublic);
    if (point == nullptr || point->empty()) return false;
    const auto curve = curve_of(key, (point->size() - 1) / 2);
    return curve && crypto::ecdsa_verify(*curve, *point, message, signature);
  } catch (const Error&) {
    return false;  // PUT KEY took numbers that are no key
  }
}

std::optional<Bytes> signature_by(const CardKey& key, ByteView message) {
  try {
    if (auto out = mac(key, message)) return out;
    const Bytes* number = part(key, kEccPrivate);
    if (number == nullptr) return {};
    const auto curve = curve_of(key, number->size());
    if (!curve) return {};
    return crypto::ecdsa_sign(*curve, Secret::copy(*number), message);
  } catch (const Error&) {
    return {};
  }
}

}  // namespace cw::se
