#include <string>

#include <openssl/ec.h>

#include "sm2_key_private.h"

namespace cw::crypto {

namespace {

using BignumPtr = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using PairPtr = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;

constexpr size_t kCoordinate = 32;
constexpr std::string_view kIdentity = "1234567812345678";  // GM/T 0009, 10

/// For one signature: SM2 hashes the identity and the public key ahead of the message.
struct Sm2Context {
  PkeyCtxPtr key;
  DigestCtxPtr digest{EVP_MD_CTX_new()};

  explicit Sm2Context(EVP_PKEY* of) : key(EVP_PKEY_CTX_new(of, nullptr)) {
    if (!key || !digest) raise_openssl("creating an SM2 context");
    check(EVP_PKEY_CTX_set1_id(key.get(), kIdentity.data(), static_cast<int>(kIdentity.size())), "naming the signer");
    EVP_MD_CTX_set_pkey_ctx(digest.get(), key.get());
  }
};

class Sm2Key final : public SigningKey {
 public:
  Sm2Key(PkeyPtr key, bool can_sign) : key_(std::move(key)), can_sign_(can_sign) {}

  SigningAlgorithm algorithm() const override { return SigningAlgorithm::sm2; }
  size_t signature_size() const override { return 2 * kCoordinate; }
  bool can_sign() const override { return can_sign_; }
  bool repeatable() const override { return false; }

  Bytes sign(ByteView message) const override {
    if (!can_sign_) throw Error(ErrorKind::usage, "this key only verifies: its private half is not here");
    const Sm2Context context(key_.get());
    check(EVP_DigestSignInit(context.digest.get(), nullptr, EVP_sm3(), nullptr, key_.get()), "starting to sign");
    size_t size = 0;
    check(EVP_DigestSign(context.digest.get(), nullptr, &size, message.data(), message.size()), "sizing a signature");
    Bytes der(size);
    check(EVP_DigestSign(context.digest.get(), der.data(), &size, message.data(), message.size()), "signing");
    const uint8_t* at = der.data();
    const PairPtr pair(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)));
    Bytes out(2 * kCoordinate);
    if (!pair || BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), out.data(), kCoordinate) < 0 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), out.data() + kCoordinate, kCoordinate) < 0) {
      raise_openssl("reading an SM2 signature");
    }
    return out;
  }

  bool verify(ByteView message, ByteView signature) const override {
    if (signature.size() != 2 * kCoordinate) return false;
    BignumPtr r(BN_bin2bn(signature.data(), kCoordinate, nullptr));
    BignumPtr s(BN_bin2bn(signature.data() + kCoordinate, kCoordinate, nullptr));
    const PairPtr pair(ECDSA_SIG_new());
    if (!r || !s || !pair || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1)
      raise_openssl("writing an SM2 signature");
    static_cast<void>(r.release());
    static_cast<void>(s.release());
    const int size = i2d_ECDSA_SIG(pair.get(), nullptr);
    Bytes der(static_cast<size_t>(std::max(size, 0)));
    uint8_t* at = der.data();
    if (size <= 0 || i2d_ECDSA_SIG(pair.get(), &at) != size) raise_openssl("writing an SM2 signature");
    const Sm2Context context(key_.get());
    check(EVP_DigestVerifyInit(context.digest.get(), nullptr, EVP_sm3(), nullptr, key_.get()), "starting to verify");
    const bool right =
        EVP_DigestVerify(context.digest.get(), der.data(), der.size(), message.data(), message.size()) == 1;
    ERR_clear_error();
    return right;
  }

 private:
  PkeyPtr key_;
  bool can_sign_;
};

}  // namespace

std::shared_ptr<const SigningKey> make_sm2_key(PkeyPtr key, bool can_sign) {
  return std::make_shared<const Sm2Key>(std::move(key), can_sign);
}

}  // namespace cw::crypto
