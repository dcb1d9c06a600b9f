// Signatures that are a function of key and message: ECDSA with the nonce of RFC 6979, PSS (RFC 8017 9.1) with a salt
// made from the message. OpenSSL 3.0 draws both at random. Checking needs nothing of this.
#include <algorithm>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include "crypto/digest.h"
#include "pkey_signature_private.h"
#include "secret_bytes_private.h"

namespace cw::crypto {

namespace {

using BignumPtr = std::unique_ptr<BIGNUM, Freed<BN_clear_free>>;
using BnCtxPtr = std::unique_ptr<BN_CTX, Freed<BN_CTX_free>>;
using GroupPtr = std::unique_ptr<EC_GROUP, Freed<EC_GROUP_free>>;
using PointPtr = std::unique_ptr<EC_POINT, Freed<EC_POINT_free>>;

struct CurveMath {
  int group;
  Hash hash;
  const char* hash_name;
};

CurveMath math_of(Curve curve) {
  switch (curve) {
    case Curve::p256:
      return {NID_X9_62_prime256v1, Hash::sha256, "SHA2-256"};
    case Curve::p384:
      return {NID_secp384r1, Hash::sha384, "SHA2-384"};
    case Curve::p521:
      return {NID_secp521r1, Hash::sha512, "SHA2-512"};
  }
  throw Error(ErrorKind::internal, "unknown curve");
}

/// HMAC over public and secret pieces, as a secret.
class Hmac {
 public:
  explicit Hmac(Hash hash)
      : hash_(hash == Hash::sha256   ? EVP_sha256()
              : hash == Hash::sha384 ? EVP_sha384()
                                     : EVP_sha512()) {}

  size_t size() const { return static_cast<size_t>(EVP_MD_get_size(hash_)); }
  Secret operator()(const Secret& key, const std::vector<SecretPiece>& pieces) const {
    const Secret message = join(pieces);
    const ByteView k = SecretBytes::view(key), m = SecretBytes::view(message);
    Secret out = SecretBytes::zeros(size());
    unsigned length = 0;
    if (HMAC(hash_, k.data(), static_cast<int>(k.size()), m.data(), m.size(), SecretBytes::writable(out).data(),
             &length) == nullptr) {
      raise_openssl("HMAC");
    }
    return out;
  }

 private:
  const EVP_MD* hash_;
};

BignumPtr new_number() {
  BignumPtr out(BN_secure_new());
  if (!out) raise_openssl("making a number");
  BN_set_flags(out.get(), BN_FLG_CONSTTIME);
  return out;
}

/// The leftmost bits of the bytes, as many as the order has (RFC 6979 2.3.2).
BignumPtr leftmost(ByteView bytes, const BIGNUM* order) {
  BignumPtr out = new_number();
  if (BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), out.get()) == nullptr) raise_openssl("reading a number");
  const int excess = static_cast<int>(8 * bytes.size()) - BN_num_bits(order);
  if (excess > 0) check(BN_rshift(out.get(), out.get(), excess), "shifting a number");
  return out;
}

Secret octets(const BIGNUM* number, size_t size) {
  Secret out = SecretBytes::zeros(size);
  if (BN_bn2binpad(number, SecretBytes::writable(out).data(), static_cast<int>(size)) < 0) raise_openssl("a number");
  return out;
}

/// Candidates for the nonce, in their order (RFC 6979 3.2).
class Nonces {
 public:
  Nonces(const Hmac& hmac, const Secret& private_key, const Secret& message, const BIGNUM* order)
      : hmac_(hmac), order_(order), k_(SecretBytes::zeros(hmac.size())), v_(Secret::take(Bytes(hmac.size(), 0x01))) {
    static const Bytes zero = {0x00}, one = {0x01};
    for (const Bytes* mark : {&zero, &one}) {
      k_ = hmac_(k_, {{{}, &v_}, {*mark, nullptr}, {{}, &private_key}, {{}, &message}});
      v_ = hmac_(k_, {{{}, &v_}});
    }
  }

  BignumPtr next() {
    static const Bytes zero = {0x00};
    for (;;) {
      Secret t;
      while (8 * t.size() < static_cast<size_t>(BN_num_bits(order_))) {
        v_ = hmac_(k_, {{{}, &v_}});
        t = join({{{}, &t}, {{}, &v_}});
      }
      BignumPtr k = leftmost(SecretBytes::view(t), order_);
      const bool usable = BN_is_zero(k.get()) == 0 && BN_cmp(k.get(), order_) < 0;
      k_ = hmac_(k_, {{{}, &v_}, {zero, nullptr}});
      v_ = hmac_(k_, {{{}, &v_}});
      if (usable) return k;
    }
  }

 private:
  const Hmac& hmac_;
  const BIGNUM* order_;
  Secret k_;
  Secret v_;
};

/// x of k G, modulo the order.
BignumPtr r_of(const EC_GROUP* group, const BIGNUM* k, const BIGNUM* order, BN_CTX* context) {
  const PointPtr point(EC_POINT_new(group));
  BignumPtr r = new_number();
  if (!point || EC_POINT_mul(group, point.get(), k, nullptr, nullptr, context) != 1 ||
      EC_POINT_get_affine_coordinates(group, point.get(), r.get(), nullptr, context) != 1 ||
      BN_nnmod(r.get(), r.get(), order, context) != 1) {
    raise_openssl("multiplying on a curve");
  }
  return r;
}

/// (z + r d) / k, modulo the order. The inverse by Fermat: exponentiation takes the same time for every k.
BignumPtr s_of(const BIGNUM* z, const BIGNUM* r, const BIGNUM* d, const BIGNUM* k, const BIGNUM* order,
               BN_CTX* context) {
  BignumPtr exponent = new_number(), inverse = new_number(), s = new_number();
  if (BN_copy(exponent.get(), order) == nullptr || BN_sub_word(exponent.get(), 2) != 1 ||
      BN_mod_exp_mont_consttime(inverse.get(), k, exponent.get(), order, context, nullptr) != 1 ||
      BN_mod_mul(s.get(), r, d, order, context) != 1 || BN_mod_add(s.get(), s.get(), z, order, context) != 1 ||
      BN_mod_mul(s.get(), s.get(), inverse.get(), order, context) != 1) {
    raise_openssl("signing");
  }
  return s;
}

void mask_with_mgf1(std::span<uint8_t> data, ByteView seed) {
  uint32_t counter = 0;
  for (size_t at = 0; at < data.size(); ++counter) {
    Bytes block = to_bytes(seed);
    append_be(block, counter, 4);
    for (const uint8_t byte : digest(Hash::sha256, block)) {
      if (at < data.size()) data[at++] ^= byte;
    }
  }
}

/// EMSA-PSS-ENCODE with SHA-256 and a salt of 32 bytes.
Bytes pss_encoded(ByteView message, size_t bits) {
  constexpr size_t kHash = 32, kSalt = 32;
  const Bytes hash = digest(Hash::sha256, message);
  // Any salt will do for those who check; one made from the message makes the signature a function of it.
  const Bytes salt = digest(Hash::sha256, concat({hash, to_bytes(view("PSS salt"))}));
  const Bytes seed = digest(Hash::sha256, concat({Bytes(8), hash, salt}));
  const size_t size = (bits + 7) / 8;
  if (size < kHash + kSalt + 2) throw Error(ErrorKind::usage, "cannot sign: the RSA key is too short for PSS");
  Bytes block(size - kHash - 1);
  block[block.size() - kSalt - 1] = 0x01;
  std::copy(salt.begin(), salt.end(), block.end() - kSalt);
  mask_with_mgf1(block, seed);
  block[0] &= static_cast<uint8_t>(0xFF >> (8 * size - bits));
  return concat({block, seed, Bytes{0xBC}});
}

}  // namespace

Bytes ecdsa_sign(EVP_PKEY* key, Curve curve, ByteView message) {
  const CurveMath math = math_of(curve);
  const BnCtxPtr context(BN_CTX_secure_new());
  const GroupPtr group(EC_GROUP_new_by_curve_name(math.group));
  BIGNUM* number = nullptr;
  if (!context || !group || EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number) != 1) {
    raise_openssl("reading a private key");
  }
  const BignumPtr d(number);
  BN_set_flags(d.get(), BN_FLG_CONSTTIME);
  const BIGNUM* order = EC_GROUP_get0_order(group.get());
  const size_t size = coordinate_size(curve);

  BignumPtr z = leftmost(digest(math.hash, message), order);
  const BignumPtr reduced = new_number();
  check(BN_nnmod(reduced.get(), z.get(), order, context.get()), "reducing a hash");
  const Hmac hmac(math.hash);
  Nonces nonces(hmac, octets(d.get(), size), octets(reduced.get(), size), order);
  for (;;) {
    const BignumPtr k = nonces.next();
    const BignumPtr r = r_of(group.get(), k.get(), order, context.get());
    const BignumPtr s = s_of(reduced.get(), r.get(), d.get(), k.get(), order, context.get());
    if (BN_is_zero(r.get()) || BN_is_zero(s.get())) continue;
    Bytes out(2 * size);
    const int width = static_cast<int>(size);
    if (BN_bn2binpad(r.get(), out.data(), width) < 0 || BN_bn2binpad(s.get(), out.data() + size, width) < 0) {
      raise_openssl("writing a signature");
    }
    return out;
  }
}

Bytes pss_sign(EVP_PKEY* key, ByteView message) {
  const auto bits = static_cast<size_t>(EVP_PKEY_get_bits(key));
  Bytes encoded = pss_encoded(message, bits - 1);
  size_t size = static_cast<size_t>(EVP_PKEY_get_size(key));
  encoded.insert(encoded.begin(), size - encoded.size(), 0x00);
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  if (!context) raise_openssl("creating a signature context");
  check(EVP_PKEY_sign_init(context.get()), "starting to sign");
  check(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING), "setting RSA padding");
  Bytes out(size);
  check(EVP_PKEY_sign(context.get(), out.data(), &size, encoded.data(), encoded.size()), "signing");
  return out;
}

}  // namespace cw::crypto
