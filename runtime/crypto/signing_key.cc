#include "crypto/signing_key.h"

#include <mutex>

#include "crypto/aes.h"
#include "crypto/des.h"
#include "crypto/digest.h"
#include "pem_private.h"
#include "pkey_signature_private.h"
#include "sm2_key_private.h"

namespace cw::crypto {

namespace {

class AesSigningKey final : public SigningKey {
 public:
  explicit AesSigningKey(const Secret& bytes) : key_(make_key(KeyType::aes, bytes)), aes_(bytes) {}

  SigningAlgorithm algorithm() const override { return SigningAlgorithm::aes_cmac; }
  size_t signature_size() const override { return 16; }
  bool can_sign() const override { return true; }
  Bytes sign(ByteView message) const override {
    const std::lock_guard lock(mutex_);
    const Block16 mac = aes_.cmac(message);
    return {mac.begin(), mac.end()};
  }
  bool verify(ByteView message, ByteView signature) const override {
    return constant_time_equal(sign(message), signature);
  }
  std::shared_ptr<const Key> shared() const override { return key_; }

 private:
  std::shared_ptr<const Key> key_;
  mutable std::mutex mutex_{};
  Aes aes_;
};

class DesSigningKey final : public SigningKey {
 public:
  explicit DesSigningKey(const Secret& bytes) : key_(make_key(KeyType::des, bytes)), des_(bytes) {}

  SigningAlgorithm algorithm() const override { return SigningAlgorithm::des_retail_mac; }
  size_t signature_size() const override { return 8; }
  bool can_sign() const override { return true; }
  Bytes sign(ByteView message) const override {
    const std::lock_guard lock(mutex_);
    const Block8 mac = des_.retail_mac({}, {message});
    return {mac.begin(), mac.end()};
  }
  bool verify(ByteView message, ByteView signature) const override {
    return constant_time_equal(sign(message), signature);
  }
  std::shared_ptr<const Key> shared() const override { return key_; }

 private:
  std::shared_ptr<const Key> key_;
  mutable std::mutex mutex_{};
  Des des_;
};

void refuse_public(bool can_sign) {
  if (can_sign) return;
  throw Error(ErrorKind::usage,
              "signing: custody has the public half of this key alone, which verifies; give it the "
              "private one, or take the signature from whoever holds it");
}

// Keys of OpenSSL are not changed by use, so threads share them.
class RsaSigningKey final : public SigningKey {
 public:
  RsaSigningKey(PkeyPtr key, bool can_sign)
      : key_(std::move(key)), can_sign_(can_sign), numbers_(rsa_numbers(key_.get())) {
    if (EVP_PKEY_get_bits(key_.get()) < 1024) {
      throw Error(ErrorKind::usage, "an RSA key of " + std::to_string(EVP_PKEY_get_bits(key_.get())) +
                                        " bits: tokens, receipts and DAP take 1024 or more (GPCS B.3)");
    }
  }

  SigningAlgorithm algorithm() const override {
    return scheme() == RsaScheme::pkcs1_sha1 ? SigningAlgorithm::rsa_pkcs1_sha1 : SigningAlgorithm::rsa_pss_sha256;
  }
  size_t signature_size() const override { return static_cast<size_t>(EVP_PKEY_get_size(key_.get())); }
  bool can_sign() const override { return can_sign_; }
  Bytes sign(ByteView message) const override {
    refuse_public(can_sign_);
    return rsa_sign(key_.get(), scheme(), message);
  }
  bool verify(ByteView message, ByteView signature) const override {
    return rsa_verify(key_.get(), scheme(), message, signature);
  }
  std::vector<PublicPart> public_parts() const override {
    return {{0xA1, numbers_.modulus}, {0xA0, numbers_.exponent}};
  }

 private:
  RsaScheme scheme() const {
    return EVP_PKEY_get_bits(key_.get()) <= 1024 ? RsaScheme::pkcs1_sha1 : RsaScheme::pss_sha256;
  }

  PkeyPtr key_;
  bool can_sign_;
  RsaPublicKey numbers_;
};

class EcSigningKey final : public SigningKey {
 public:
  EcSigningKey(PkeyPtr key, Curve curve, bool can_sign)
      : key_(std::move(key)), curve_(curve), can_sign_(can_sign), point_(ec_point(key_.get(), curve)) {}

  SigningAlgorithm algorithm() const override { return SigningAlgorithm::ecdsa; }
  size_t signature_size() const override { return 2 * coordinate_size(curve_); }
  bool can_sign() const override { return can_sign_; }
  Bytes sign(ByteView message) const override {
    refuse_public(can_sign_);
    return ecdsa_sign(key_.get(), curve_, message);
  }
  bool verify(ByteView message, ByteView signature) const override {
    return ecdsa_verify(key_.get(), curve_, message, signature);
  }
  std::vector<PublicPart> public_parts() const override {
    // GPCS B.4.3: 00 P-256, 01 P-384, 02 P-521.
    return {{0xB0, point_}, {0xF0, Bytes{static_cast<uint8_t>(curve_)}}};
  }

 private:
  PkeyPtr key_;
  Curve curve_;
  bool can_sign_;
  Bytes point_;
};

}  // namespace

std::string_view to_text(SigningAlgorithm algorithm) {
  switch (algorithm) {
    case SigningAlgorithm::rsa_pkcs1_sha1:
      return "RSA PKCS#1 v1.5 with SHA-1";
    case SigningAlgorithm::rsa_pss_sha256:
      return "RSA PSS with SHA-256";
    case SigningAlgorithm::ecdsa:
      return "ECDSA";
    case SigningAlgorithm::aes_cmac:
      return "AES CMAC";
    case SigningAlgorithm::des_retail_mac:
      return "DES retail MAC";
    case SigningAlgorithm::sm2:
      return "SM2 with SM3";
  }
  throw Error(ErrorKind::internal, "unknown signing algorithm");
}

std::shared_ptr<const SigningKey> make_signing_key(KeyType type, const Secret& bytes) {
  if (type == KeyType::aes) return std::make_shared<const AesSigningKey>(bytes);
  return std::make_shared<const DesSigningKey>(bytes);
}

std::shared_ptr<const SigningKey> make_signing_key(const RsaPublicKey& key) {
  return std::make_shared<const RsaSigningKey>(import_rsa(key, nullptr), false);
}

std::shared_ptr<const SigningKey> make_signing_key(const RsaPrivateKey& key) {
  return std::make_shared<const RsaSigningKey>(import_rsa(key.public_key, &key.exponent), true);
}

std::shared_ptr<const SigningKey> make_signing_key(Curve curve, ByteView point) {
  return std::make_shared<const EcSigningKey>(import_ec_public(curve, point), curve, false);
}

std::shared_ptr<const SigningKey> make_signing_key(Curve curve, const Secret& number) {
  return std::make_shared<const EcSigningKey>(import_ec_private(curve, number), curve, true);
}

std::string pair_name(SigningAlgorithm algorithm) {
  switch (algorithm) {
    case SigningAlgorithm::rsa_pkcs1_sha1:
    case SigningAlgorithm::rsa_pss_sha256:
      return "rsa";
    case SigningAlgorithm::ecdsa:
      return "ec";
    case SigningAlgorithm::sm2:
      return "sm2";
    case SigningAlgorithm::aes_cmac:
    case SigningAlgorithm::des_retail_mac:
      break;
  }
  return {};
}

Secret generate_pair(std::string_view name, size_t size) {
  PkeyPtr key;
  if (name == "rsa" && (size == 256 || size == 384 || size == 512)) {
    key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", size * 8));
  } else if (name == "ec" && (size == 32 || size == 48 || size == 66)) {
    key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", size == 32 ? "P-256" : size == 48 ? "P-384" : "P-521"));
  } else if (name == "sm2" && size == 32) {
    key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "SM2"));
  } else {
    throw Error(ErrorKind::usage, "no key pair '" + std::string(name) + "' of " + std::to_string(size) +
                                      " bytes: rsa has 256, 384 or 512, ec 32, 48 or 66, sm2 32");
  }
  if (!key) raise_openssl("making a key pair");
  return private_pem_of(key.get());
}

Bytes pair_check_value(const Secret& pem) {
  const PkeyPtr key = private_key_of(pem);
  if (!key) throw Error(ErrorKind::usage, "it holds no private key in PEM, or one with a pass phrase");
  uint8_t* der = nullptr;
  const int size = i2d_PUBKEY(key.get(), &der);
  if (size <= 0) raise_openssl("writing a public key");
  Bytes out = digest(Hash::sha256, ByteView(der, static_cast<size_t>(size)));
  OPENSSL_free(der);
  out.resize(3);
  return out;
}

std::shared_ptr<const SigningKey> make_signing_key(const Secret& pem) {
  PkeyPtr key = private_key_of(pem);
  const bool can_sign = key != nullptr;
  if (!key) key = public_key_of(pem);
  if (!key) throw Error(ErrorKind::usage, "it holds no key in PEM, or one with a pass phrase");
  if (EVP_PKEY_is_a(key.get(), "RSA")) return std::make_shared<const RsaSigningKey>(std::move(key), can_sign);
  if (EVP_PKEY_is_a(key.get(), "SM2")) return make_sm2_key(std::move(key), can_sign);
  const std::optional<Curve> curve = EVP_PKEY_is_a(key.get(), "EC") ? curve_of(key.get()) : std::nullopt;
  if (!curve)
    throw Error(ErrorKind::usage, "it holds a key that is neither RSA nor SM2 nor ECC on P-256, P-384 or P-521");
  return std::make_shared<const EcSigningKey>(std::move(key), *curve, can_sign);
}

}  // namespace cw::crypto
