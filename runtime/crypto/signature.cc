#include "crypto/signature.h"

#include <algorithm>
#include <array>
#include <bit>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include "pkey_signature_private.h"
#include "secret_bytes_private.h"

namespace cw::crypto {

namespace {

using EcdsaSigPtr = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;
using BignumPtr = std::unique_ptr<BIGNUM, Freed<BN_clear_free>>;
using GroupPtr = std::unique_ptr<EC_GROUP, Freed<EC_GROUP_free>>;
using PointPtr = std::unique_ptr<EC_POINT, Freed<EC_POINT_free>>;

/// Big-endian to the machine's order, which OSSL_PARAM numbers have. A secret stays in wiped memory.
Secret native_number(ByteView big_endian) {
  Secret out = SecretBytes::zeros(std::max<size_t>(big_endian.size(), 1));
  const auto to = SecretBytes::writable(out);
  std::copy(big_endian.begin(), big_endian.end(), to.begin());
  if constexpr (std::endian::native == std::endian::little) std::reverse(to.begin(), to.end());
  return out;
}

OSSL_PARAM number_param(const char* name, Secret& native) {
  const auto bytes = SecretBytes::writable(native);
  return OSSL_PARAM_construct_BN(name, bytes.data(), bytes.size());
}

PkeyPtr import(const char* algorithm, int selection, OSSL_PARAM* params, const char* refusal) {
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, algorithm, nullptr));
  if (!context) raise_openssl(std::string("finding ") + algorithm);
  check(EVP_PKEY_fromdata_init(context.get()), "starting to import a key");
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata(context.get(), &key, selection, params) != 1) {
    ERR_clear_error();
    throw Error(ErrorKind::usage, refusal);
  }
  return PkeyPtr(key);
}

// OpenSSL imports any numbers and signs with them.
void check_rsa_numbers(const RsaPublicKey& key, const Secret* private_exponent) {
  const auto odd = [](ByteView number) { return !number.empty() && (number.back() & 1); };
  const auto first = std::find_if(key.modulus.begin(), key.modulus.end(), [](uint8_t byte) { return byte != 0; });
  const bool long_enough = key.modulus.end() - first >= 64;
  const bool has_private = private_exponent == nullptr || odd(SecretBytes::view(*private_exponent));
  if (long_enough && odd(key.modulus) && odd(key.exponent) && has_private) return;
  throw Error(
      ErrorKind::usage,
      "these numbers are no RSA key: modulus and exponents are odd big-endian numbers, the modulus has 512 bits "
      "or more");
}

const char* hash_of(RsaScheme scheme) { return scheme == RsaScheme::pkcs1_sha1 ? "SHA1" : "SHA2-256"; }

void set_padding(EVP_PKEY_CTX* context, RsaScheme scheme) {
  const bool pss = scheme == RsaScheme::pss_sha256;
  check(EVP_PKEY_CTX_set_rsa_padding(context, pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING), "setting RSA padding");
  if (pss) check(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST), "setting the PSS salt length");
}

struct CurveFacts {
  const char* group;
  const char* openssl_name;
  int id;
  const char* hash;
  size_t coordinate;
};

CurveFacts facts(Curve curve) {
  switch (curve) {
    case Curve::p256:
      return {"P-256", SN_X9_62_prime256v1, NID_X9_62_prime256v1, "SHA2-256", 32};
    case Curve::p384:
      return {"P-384", SN_secp384r1, NID_secp384r1, "SHA2-384", 48};
    case Curve::p521:
      return {"P-521", SN_secp521r1, NID_secp521r1, "SHA2-512", 66};
  }
  throw Error(ErrorKind::internal, "unknown curve");
}

OSSL_PARAM group_param(const CurveFacts& curve) {
  return OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, const_cast<char*>(curve.group), 0);
}

/// The public half 04 | X | Y of a private number.
Bytes point_of(const CurveFacts& curve, const Secret& number) {
  const ByteView bytes = SecretBytes::view(number);
  const BignumPtr d(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  const GroupPtr group(EC_GROUP_new_by_curve_name(curve.id));
  const PointPtr point(group ? EC_POINT_new(group.get()) : nullptr);
  if (!d || !point || EC_POINT_mul(group.get(), point.get(), d.get(), nullptr, nullptr, nullptr) != 1) {
    raise_openssl("working out a public key");
  }
  Bytes out(1 + 2 * curve.coordinate);
  // Of 0 the point is none: the number is refused where it is imported.
  const size_t size =
      EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED, out.data(), out.size(), nullptr);
  ERR_clear_error();
  out.resize(size);
  return out;
}

/// A public number of the key, big-endian; `size` 0: as long as it has to be.
Bytes number_of(EVP_PKEY* key, const char* name, size_t size) {
  BIGNUM* number = nullptr;
  check(EVP_PKEY_get_bn_param(key, name, &number), "reading a public key");
  const BignumPtr owned(number);
  Bytes out(size > 0 ? size : static_cast<size_t>(BN_num_bytes(number)));
  if (BN_bn2binpad(number, out.data(), static_cast<int>(out.size())) < 0) raise_openssl("reading a public key");
  return out;
}

Bytes der_format(ByteView plain, size_t coordinate) {
  const int size = static_cast<int>(coordinate);
  BignumPtr r(BN_bin2bn(plain.data(), size, nullptr)), s(BN_bin2bn(plain.data() + coordinate, size, nullptr));
  const EcdsaSigPtr signature(ECDSA_SIG_new());
  if (!r || !s || !signature || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) {
    raise_openssl("reading an ECDSA signature");
  }
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  const int length = i2d_ECDSA_SIG(signature.get(), nullptr);
  Bytes out(length > 0 ? length : 0);
  uint8_t* at = out.data();
  if (length <= 0 || i2d_ECDSA_SIG(signature.get(), &at) != length) raise_openssl("writing an ECDSA signature");
  return out;
}

Bytes sign(EVP_PKEY* key, const char* hash, RsaScheme scheme, ByteView message) {
  const DigestCtxPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;  // owned by `context`
  if (!context) raise_openssl("creating a signature context");
  check(EVP_DigestSignInit_ex(context.get(), &key_context, hash, nullptr, nullptr, key, nullptr), "starting to sign");
  set_padding(key_context, scheme);
  size_t size = 0;
  check(EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()), "sizing a signature");
  Bytes out(size);
  if (EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size()) != 1) {
    ERR_clear_error();
    throw Error(ErrorKind::usage, "cannot sign: the private key is wrong for this curve or too short for this scheme");
  }
  out.resize(size);
  return out;
}

bool verify(EVP_PKEY* key, const char* hash, const RsaScheme* scheme, ByteView message, ByteView signature) {
  const DigestCtxPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;
  if (!context) raise_openssl("creating a signature context");
  check(EVP_DigestVerifyInit_ex(context.get(), &key_context, hash, nullptr, nullptr, key, nullptr),
        "starting to verify");
  if (scheme != nullptr) set_padding(key_context, *scheme);
  const bool right =
      EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) == 1;
  ERR_clear_error();
  return right;
}

}  // namespace

PkeyPtr import_rsa(const RsaPublicKey& key, const Secret* private_exponent) {
  check_rsa_numbers(key, private_exponent);
  Secret n = native_number(key.modulus);
  Secret e = native_number(key.exponent);
  Secret d = private_exponent != nullptr ? native_number(SecretBytes::view(*private_exponent)) : Secret();
  std::vector<OSSL_PARAM> params = {number_param(OSSL_PKEY_PARAM_RSA_N, n), number_param(OSSL_PKEY_PARAM_RSA_E, e)};
  if (private_exponent != nullptr) params.push_back(number_param(OSSL_PKEY_PARAM_RSA_D, d));
  params.push_back(OSSL_PARAM_construct_end());
  return import("RSA", private_exponent != nullptr ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params.data(),
                "these numbers are no RSA key: give modulus and exponent as big-endian numbers");
}

PkeyPtr import_ec_public(Curve curve, ByteView point) {
  Bytes bytes = to_bytes(point);
  OSSL_PARAM params[] = {group_param(facts(curve)),
                         OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, bytes.data(), bytes.size()),
                         OSSL_PARAM_construct_end()};
  return import("EC", EVP_PKEY_PUBLIC_KEY, params, "these bytes are no point 04 | X | Y of the curve");
}

PkeyPtr import_ec_private(Curve curve, const Secret& number) {
  const CurveFacts c = facts(curve);
  if (number.size() != c.coordinate) {
    throw Error(ErrorKind::usage, std::string("private key for ") + c.group + " has " + std::to_string(number.size()) +
                                      " bytes, not " + std::to_string(c.coordinate));
  }
  const char* refusal = "this number is no private key of the curve";
  Bytes point = point_of(c, number);
  Secret d = native_number(SecretBytes::view(number));
  OSSL_PARAM params[] = {group_param(c), number_param(OSSL_PKEY_PARAM_PRIV_KEY, d),
                         OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
                         OSSL_PARAM_construct_end()};
  PkeyPtr key = import("EC", EVP_PKEY_KEYPAIR, params, refusal);
  const PkeyCtxPtr check_context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  if (!check_context || EVP_PKEY_private_check(check_context.get()) != 1) {
    ERR_clear_error();
    throw Error(ErrorKind::usage, refusal);
  }
  return key;
}

RsaPublicKey rsa_numbers(EVP_PKEY* key) {
  return {number_of(key, OSSL_PKEY_PARAM_RSA_N, 0), number_of(key, OSSL_PKEY_PARAM_RSA_E, 0)};
}

Bytes ec_point(EVP_PKEY* key, Curve curve) {
  const size_t size = facts(curve).coordinate;
  return concat(
      {Bytes{0x04}, number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, size), number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y, size)});
}

std::optional<Curve> curve_of(EVP_PKEY* key) {
  std::array<char, 64> name{};
  const bool has =
      EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name.data(), name.size(), nullptr) == 1;
  ERR_clear_error();
  for (const Curve curve : {Curve::p256, Curve::p384, Curve::p521}) {
    if (has && std::string_view(name.data()) == facts(curve).openssl_name) return curve;
  }
  return {};
}

Bytes rsa_sign(EVP_PKEY* key, RsaScheme scheme, ByteView message) {
  return scheme == RsaScheme::pss_sha256 ? pss_sign(key, message) : sign(key, hash_of(scheme), scheme, message);
}

bool rsa_verify(EVP_PKEY* key, RsaScheme scheme, ByteView message, ByteView signature) {
  return verify(key, hash_of(scheme), &scheme, message, signature);
}

bool ecdsa_verify(EVP_PKEY* key, Curve curve, ByteView message, ByteView signature) {
  const CurveFacts c = facts(curve);
  if (signature.size() != 2 * c.coordinate) return false;
  return verify(key, c.hash, nullptr, message, der_format(signature, c.coordinate));
}

Bytes rsa_sign(const RsaPrivateKey& key, RsaScheme scheme, ByteView message) {
  return rsa_sign(import_rsa(key.public_key, &key.exponent).get(), scheme, message);
}

bool rsa_verify(const RsaPublicKey& key, RsaScheme scheme, ByteView message, ByteView signature) {
  return rsa_verify(import_rsa(key, nullptr).get(), scheme, message, signature);
}

size_t coordinate_size(Curve curve) { return facts(curve).coordinate; }

Bytes ecdsa_sign(Curve curve, const Secret& private_key, ByteView message) {
  return ecdsa_sign(import_ec_private(curve, private_key).get(), curve, message);
}

bool ecdsa_verify(Curve curve, ByteView public_key, ByteView message, ByteView signature) {
  return ecdsa_verify(import_ec_public(curve, public_key).get(), curve, message, signature);
}

}  // namespace cw::crypto
