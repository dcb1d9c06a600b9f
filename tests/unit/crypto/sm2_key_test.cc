// SM2 keys (GM/T 0003.2): what OpenSSL's command line signed is right, what is signed here is right to it, and no card
// is given either.
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"
#include "crypto/key_store.h"
#include "crypto/signing_key.h"

namespace cw::crypto {
namespace {

// openssl genpkey -algorithm SM2
const char* kPrivate = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqBHM9VAYItBG0wawIBAQQg/j2XApDrR1S4i0y/
Fa9C7u1agLtDmdRKISV7clZV50ShRANCAARLBjbiT5dU+d7BnxeS1NpzcuRKzVWC
PakaiEianhz4NImEo488rWfN86JwRDh0XpvqX2d8vUaAHXiXjxyTl09X
-----END PRIVATE KEY-----
)";
const char* kPublic = R"(-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoEcz1UBgi0DQgAESwY24k+XVPnewZ8XktTac3LkSs1V
gj2pGohImp4c+DSJhKOPPK1nzfOicEQ4dF6b6l9nfL1GgB14l48ck5dPVw==
-----END PUBLIC KEY-----
)";
// openssl dgst -sm3 -sign sm2.pem -sigopt distid:1234567812345678, r and s of its DER.
constexpr const char* kMessage = "acme\nF063617264770001\nRESETED\n";
constexpr const char* kSignature =
    "E2D5E8B06C1924D02C8A790F0FEA5359AA7AA874E83950BF5DE32B847AA47208"
    "F4C45B6E51B8DD7A708470EFF2952EF5D63B78A40C4E88C1F39788C6D240B0CC";

std::shared_ptr<const SigningKey> key_of(const char* pem) { return make_signing_key(Secret::take(to_bytes(pem))); }

TEST(Sm2Key, what_openssl_signed_is_right_and_every_change_is_noticed) {
  for (const char* pem : {kPrivate, kPublic}) {
    const auto key = key_of(pem);
    EXPECT_EQ(key->algorithm(), SigningAlgorithm::sm2);
    EXPECT_EQ(key->can_sign(), pem == kPrivate);
    EXPECT_TRUE(key->verify(view(std::string_view(kMessage)), from_hex(kSignature)));
    EXPECT_FALSE(key->verify(view(std::string_view("another")), from_hex(kSignature)));
    Bytes changed = from_hex(kSignature);
    for (size_t at = 0; at < changed.size(); at += 7) {
      changed[at] ^= 1;
      EXPECT_FALSE(key->verify(view(std::string_view(kMessage)), changed)) << at;
      changed[at] ^= 1;
    }
    EXPECT_FALSE(key->verify(view(std::string_view(kMessage)), {}));
    EXPECT_FALSE(key->verify(view(std::string_view(kMessage)), Bytes(64)));
    EXPECT_FALSE(key->verify(view(std::string_view(kMessage)), Bytes(64, 0xFF)));
  }
}

TEST(Sm2Key, signs_otherwise_each_time_and_right) {
  const auto key = key_of(kPrivate);
  const Bytes one = key->sign(view(std::string_view(kMessage)));
  const Bytes two = key->sign(view(std::string_view(kMessage)));
  EXPECT_EQ(one.size(), key->signature_size());
  EXPECT_NE(one, two);
  EXPECT_FALSE(key->repeatable());
  EXPECT_TRUE(key_of(kPublic)->verify(view(std::string_view(kMessage)), one));
  EXPECT_THROW(key_of(kPublic)->sign(view(std::string_view(kMessage))), Error);
}

TEST(Sm2Key, no_card_is_given_one) { EXPECT_TRUE(key_of(kPublic)->public_parts().empty()); }

}  // namespace
}  // namespace cw::crypto
