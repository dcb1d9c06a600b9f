// Tokens of others: kaoh/globalplatform's published keys and load token (globalplatformTest.c), one of OpenSSL's
// command line over the input of an install token. The MACs are RFC 4493's and, for DES, those of tests/vectors.
#include "crypto/signing_key.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"

namespace cw::crypto {
namespace {

const char* kRsaPem = R"(-----BEGIN PRIVATE KEY-----
MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBAK44ZpgcuHxWtpTa
GNfOqkXMWlrlr8P1oscww8V3HcAuvA4JIjrx5Dnju0m4A1gD9zthr+RdMUVBwOve
OCocr+j+L053++J7ds5zb9ap2HVb2tr7W4O0UM7NT5MgFG262kpxarSc0i3WMacd
BDBNnbM1BgTbVQ6MDG9uluFWAl7fAgMBAAECgYABB147ubexLEXpvRv2ckb5IIrM
DJ0sGBA9AuG1Ec4AK4Z6wr0MAg+p89lQRyDl7SgRlrMWMyKuWQQNoINOZFr5j77W
7GIk4CwQ3yHleve/Vc2/oo1ExL3gdtvJ6ysLpi3sqUPaLey7Do/moVd3wDnxL6H0
6qaNUf5qpGOxgv+J+QJBAOFTWsTECKliMBtqNBCyMD26Qx8zmnFqVQVb/L2hit2Q
c5iXIV+FPMbGkYmPcc8MctlnZYs9hTyn9XGzBoJJmxUCQQDF8AQXD1P9Hdm/Xog6
Z47XSqOReGbwcpPBK0z8mgkVIuqRC4IwIUt96qBUjH8xYAcWurQUPz7cdz1CIB3X
qD8jAkAFqMBI3NuS1YJ7zckM+ky34Cu7ZuJkItWL0umgIaSJOA2PMYyHB6OlImuZ
Vt724ksoJq6oNp1YDqfdeS+aqhqZAkEAktQ7xHtbW00UZLAUL/b3795vPY7qFX14
+3dKcas2B5bSF+xIk7lvDaXJb06VX6QTPhobUVWlJNfS+kVmvb4RrwJBAKqGexmu
/HvWQVkCUHiCfYLkyFKAVjypGDfghbSCofQUvC/bKj+FegNwltcooWxvosqomIqY
4FcoBSq4hA7xHRc=
-----END PRIVATE KEY-----
)";
const char* kEcPem = R"(-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIIOdvAafF2oWz9Lozu/tXNWv5pHxQf9Knha/1yfzw0stoAoGCCqGSM49
AwEHoUQDQgAEqWr8oE1xP4gwHSs+x1Vb8POdTopfifdFonk6n5a+HiwBDi8AllBi
KqO20yHcvwVOhJwGRv2xCmFGuH/7uXlbpw==
-----END EC PRIVATE KEY-----
)";
const char* kModulus =
    "AE3866981CB87C56B694DA18D7CEAA45CC5A5AE5AFC3F5A2C730C3C5771DC02E"
    "BC0E09223AF1E439E3BB49B8035803F73B61AFE45D314541C0EBDE382A1CAFE8"
    "FE2F4E77FBE27B76CE736FD6A9D8755BDADAFB5B83B450CECD4F9320146DBADA"
    "4A716AB49CD22DD631A71D04304D9DB3350604DB550E8C0C6F6E96E156025EDF";
const char* kEcPoint =
    "04A96AFCA04D713F88301D2B3EC7555BF0F39D4E8A5F89F745A2793A9F96BE1E2C"
    "010E2F009650622AA3B6D321DCBF054E849C0646FDB10A6146B87FFBB9795BA7";

const Bytes kLoadInput = from_hex(
    "02003107D0D1D2D3D4D50106020202020202209C8E7F3DA89B91426B0F4293A23DDB639CABFF9F68BF8C3E8EB8C9BB4F71F6A400");
const Bytes kLoadToken = from_hex(
    "0AD0701C8C9FA0AFA16E46A20406E062EDD1C9C1BAC20098DBACA15B81C67B7A"
    "B6300C39D3F751AC42BC719F61010904C2066E521446B125145525F6E1939BCE"
    "3843A65D033328ACB741D8A6AB87E258D4F99CCF3E11D8C8FCE6536969EA598E"
    "50B425D225A619D4D94FE6A74E366D2821CAAFE28843CFB714B1FDB971CC985D");
const Bytes kInstallInput = from_hex("0C001F07D0D1D2D3D4D50108D0D1D2D3D4D5010108D0D1D2D3D4D50101010002C900");
// openssl dgst -sha256 -sign, as r | s.
const Bytes kInstallToken = from_hex(
    "CC0FC53465DAA92F221E82ABDEF3B1B77D194F863A853EE506384762CB6AEF75"
    "3A2B4C7DA1E3BB48C7B7DCE297F4D60BD4D68BC6246B9FF9FC133411EA0B6CAE");

std::string refusal(const auto& act) {
  try {
    act();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.message();
  }
  return "accepted";
}

TEST(SigningKey, rsa_of_1024_bits_makes_the_load_token_that_kaoh_publishes) {
  const auto key = make_signing_key(Secret::copy(view(kRsaPem)));
  EXPECT_EQ(key->algorithm(), SigningAlgorithm::rsa_pkcs1_sha1);
  EXPECT_EQ(key->signature_size(), 128u);
  EXPECT_TRUE(key->can_sign());
  EXPECT_EQ(to_hex(key->sign(kLoadInput)), to_hex(kLoadToken));
}

TEST(SigningKey, the_public_half_verifies_and_does_not_sign) {
  const auto half = make_signing_key(RsaPublicKey{from_hex(kModulus), from_hex("010001")});
  EXPECT_FALSE(half->can_sign());
  EXPECT_TRUE(half->verify(kLoadInput, kLoadToken));
  Bytes other = kLoadInput;
  other.back() ^= 1;
  EXPECT_FALSE(half->verify(other, kLoadToken));
  EXPECT_FALSE(half->verify(kLoadInput, Bytes(127)));
  EXPECT_NE(refusal([&] { half->sign(kLoadInput); }).find("public half"), std::string::npos);
  ASSERT_EQ(half->public_parts().size(), 2u);
  EXPECT_EQ(half->public_parts()[0].type, 0xA1);
  EXPECT_EQ(to_hex(half->public_parts()[0].value), kModulus);
  EXPECT_EQ(to_hex(half->public_parts()[1].value), "010001");
}

TEST(SigningKey, longer_rsa_keys_take_pss_and_shorter_ones_are_refused) {
  const auto key = make_signing_key(RsaPublicKey{Bytes(256, 0xC1), from_hex("010001")});
  EXPECT_EQ(key->algorithm(), SigningAlgorithm::rsa_pss_sha256);
  EXPECT_NE(refusal([] {
              make_signing_key(RsaPublicKey{Bytes(96, 0xC1), from_hex("010001")});
            }).find("1024"),
            std::string::npos);
}

TEST(SigningKey, ecc_verifies_what_openssl_signed_and_signs_r_and_s) {
  const auto half = make_signing_key(Curve::p256, from_hex(kEcPoint));
  EXPECT_TRUE(half->verify(kInstallInput, kInstallToken));
  EXPECT_FALSE(half->verify(kLoadInput, kInstallToken));
  const auto key = make_signing_key(Secret::copy(view(kEcPem)));
  EXPECT_EQ(key->algorithm(), SigningAlgorithm::ecdsa);
  const Bytes token = key->sign(kInstallInput);
  EXPECT_EQ(token.size(), key->signature_size());
  EXPECT_TRUE(half->verify(kInstallInput, token));
  ASSERT_EQ(key->public_parts().size(), 2u);
  EXPECT_EQ(to_hex(key->public_parts()[0].value), kEcPoint);
  EXPECT_EQ(to_hex(key->public_parts()[1].value), "00");
  // The private number alone makes the same public half.
  const auto number = make_signing_key(
      Curve::p256, Secret::take(from_hex("839DBC069F176A16CFD2E8CEEFED5CD5AFE691F141FF4A9E16BFD727F3C34B2D")));
  EXPECT_EQ(to_hex(number->public_parts()[0].value), kEcPoint);
}

TEST(SigningKey, aes_makes_a_cmac_and_des_a_retail_mac) {
  // RFC 4493, example 2.
  const auto aes = make_signing_key(KeyType::aes, Secret::take(from_hex("2B7E151628AED2A6ABF7158809CF4F3C")));
  EXPECT_EQ(to_hex(aes->sign(from_hex("6BC1BEE22E409F96E93D7E117393172A"))), "070A16B46B4D4144F79BDD9DD04A287C");
  EXPECT_EQ(aes->signature_size(), 16u);
  // Key1 and Key2, the message and its MAC: openssl des-cbc over the padded blocks, then des -d, des.
  const auto des = make_signing_key(KeyType::des, Secret::take(from_hex("404142434445464748494A4B4C4D4E4F")));
  EXPECT_EQ(to_hex(des->sign(kInstallInput)), "D2BFF0517B3E6FCC");
  EXPECT_TRUE(des->verify(kInstallInput, des->sign(kInstallInput)));
  EXPECT_FALSE(des->verify(kLoadInput, des->sign(kInstallInput)));
  EXPECT_TRUE(des->public_parts().empty());
  EXPECT_EQ(des->shared()->type(), KeyType::des);
}

TEST(SigningKey, pem_that_holds_no_such_key_is_refused) {
  EXPECT_NE(refusal([] { make_signing_key(Secret::copy(view("no key"))); }).find("no key in PEM"), std::string::npos);
}

}  // namespace
}  // namespace cw::crypto
