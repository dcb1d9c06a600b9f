// PKCS#1 v1.5 signatures are cases of tests/vectors; here are PSS, ECDSA and bad input.
#include "crypto/signature.h"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"

namespace cw::crypto {
namespace {

/// The value of a hex field of the published 2048-bit RSA key, in tests/vectors/tokens.json.
Bytes rsa2048(const std::string& field) {
  std::ifstream in(std::string(CW_SOURCE_DIR) + "/tests/vectors/tokens.json");
  std::stringstream text;
  text << in.rdbuf();
  const std::string all = text.str();
  size_t at = all.find("token-rsa2048-sha256-extradition");
  at = all.find(field, at);
  at = all.find('"', all.find(':', at)) + 1;
  const std::string digits = all.substr(at, all.find('"', at) - at);
  return from_hex(digits.size() % 2 == 0 ? digits : std::string("0").append(digits));
}

RsaPrivateKey rsa_key() {
  return {{rsa2048("modulus"), rsa2048("exponent")}, Secret::take(rsa2048("private_exponent"))};
}

const Bytes kMessage = to_bytes("sample");

TEST(Rsa, pss_verifies_and_notices_every_change) {
  const RsaPrivateKey key = rsa_key();
  Bytes signature = rsa_sign(key, RsaScheme::pss_sha256, kMessage);
  EXPECT_EQ(signature.size(), 256u);
  EXPECT_TRUE(rsa_verify(key.public_key, RsaScheme::pss_sha256, kMessage, signature));
  EXPECT_EQ(rsa_sign(key, RsaScheme::pss_sha256, kMessage), signature) << "the salt is made from the message";
  EXPECT_FALSE(rsa_verify(key.public_key, RsaScheme::pkcs1_sha256, kMessage, signature));
  EXPECT_FALSE(rsa_verify(key.public_key, RsaScheme::pss_sha256, to_bytes("Sample"), signature));
  signature[100] ^= 1;
  EXPECT_FALSE(rsa_verify(key.public_key, RsaScheme::pss_sha256, kMessage, signature));
  EXPECT_FALSE(rsa_verify(key.public_key, RsaScheme::pss_sha256, kMessage, Bytes(10)));
}

TEST(Rsa, a_key_that_is_none_is_refused) {
  EXPECT_THROW(rsa_sign({{{}, {}}, Secret()}, RsaScheme::pkcs1_sha1, kMessage), Error);
}

// RFC 6979 A.2.5: key, point and signature of "sample" with SHA-256.
const char* kP256 = "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721";
const char* kP256Point =
    "04 60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
    "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299";
const char* kP256Signature =
    "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
    "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8";

TEST(Ecdsa, verifies_the_signature_of_rfc_6979_and_its_own) {
  const Bytes point = from_hex(kP256Point);
  EXPECT_TRUE(ecdsa_verify(Curve::p256, point, kMessage, from_hex(kP256Signature)));
  Bytes signature = ecdsa_sign(Curve::p256, Secret::take(from_hex(kP256)), kMessage);
  EXPECT_EQ(to_hex(signature), to_hex(from_hex(kP256Signature))) << "the nonce is that of RFC 6979";
  EXPECT_TRUE(ecdsa_verify(Curve::p256, point, kMessage, signature));
  signature[0] ^= 1;
  EXPECT_FALSE(ecdsa_verify(Curve::p256, point, kMessage, signature));
  EXPECT_FALSE(ecdsa_verify(Curve::p256, point, kMessage, Bytes(63)));
  EXPECT_FALSE(ecdsa_verify(Curve::p256, point, kMessage, Bytes(64)));
}

// RFC 6979 A.2.6 and A.2.7: keys and points.
TEST(Ecdsa, p384_and_p521_sign_with_their_own_hash_and_length) {
  const Bytes p384 =
      from_hex("6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5");
  const Bytes p384_point = from_hex(
      "04 EC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E06AAE5286B300C64DEF8F0EA9055866064A254515480BC13"
      "8015D9B72D7D57244EA8EF9AC0C621896708A59367F9DFB9F54CA84B3F1C9DB1288B231C3AE0D4FE7344FD2533264720");
  const Bytes p384_signature = from_hex(
      "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46"
      "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8");
  EXPECT_TRUE(ecdsa_verify(Curve::p384, p384_point, kMessage, p384_signature));
  EXPECT_TRUE(ecdsa_verify(Curve::p384, p384_point, kMessage, ecdsa_sign(Curve::p384, Secret::copy(p384), kMessage)));

  Bytes p521(66);
  p521[65] = 1;  // the private key 1 has the generator as its point
  const Bytes generator = from_hex(
      "04 00C6858E06B70404E9CD9E3ECB662395B4429C648139053FB521F828AF606B4D3DBAA14B5E77EFE75928FE1DC127A2FFA8DE3348B3C1"
      "856A429BF97E7E31C2E5BD66 011839296A789A3BC0045C8A5FB42C7D1BD998F54449579B446817AFBD17273E662C97EE72995EF42640"
      "C550B9013FAD0761353C7086A272C24088BE94769FD16650");
  const Bytes signature = ecdsa_sign(Curve::p521, Secret::copy(p521), kMessage);
  EXPECT_EQ(signature.size(), 132u);
  EXPECT_TRUE(ecdsa_verify(Curve::p521, generator, kMessage, signature));
}

TEST(Ecdsa, keys_that_are_none_are_refused) {
  EXPECT_THROW(ecdsa_sign(Curve::p256, Secret::copy(Bytes(31, 1)), kMessage), Error);
  EXPECT_THROW(ecdsa_sign(Curve::p256, Secret::copy(Bytes(32, 0xFF)), kMessage), Error);
  EXPECT_THROW(ecdsa_verify(Curve::p256, Bytes(65, 4), kMessage, Bytes(64)), Error);
  EXPECT_THROW(ecdsa_verify(Curve::p256, {}, kMessage, Bytes(64)), Error);
}

}  // namespace
}  // namespace cw::crypto
