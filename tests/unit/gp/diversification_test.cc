// Published card keys of visa2, emv and kdf3 are cases of tests/vectors; here are gemvisa and bad input.
#include "gp/diversification.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"
#include "crypto/digest.h"

namespace cw::gp {
namespace {

const Bytes kKdd = from_hex("0102030405060708090A");

crypto::KeySet master(crypto::KeyType type, const std::string& hex, const std::string& method = "") {
  crypto::KeySet set{.name = "acme.master", .version = 0x20, .diversification = method};
  set.enc = set.mac = set.dek = crypto::make_key(type, Secret::take(from_hex(hex)));
  return set;
}

crypto::KeySet gemxpresso() { return master(crypto::KeyType::des, "47454D5850524553534F53414D504C45"); }

// pancanaka/opal, SCGemVisaTest.java: GemXpresso sample mother key.
TEST(Diversification, gemvisa_as_published) {
  const auto card = diversify(gemxpresso(), "gemvisa", kKdd);
  EXPECT_TRUE(crypto::matches(card.enc->material(), from_hex("42BDA3263AC894B3112B9D0EE522C89D")));
  EXPECT_TRUE(crypto::matches(card.mac->material(), from_hex("AFBBF1D6C2ED8C56F518D52448E9BF2D")));
  EXPECT_TRUE(crypto::matches(card.dek->material(), from_hex("1FE0FD8EAC14DD279B46808A407E55A1")));
}

TEST(Diversification, keeps_name_and_version_and_is_done_then) {
  auto set = gemxpresso();
  set.diversification = "visa2";
  const auto card = card_keys(set, kKdd);
  EXPECT_EQ(card.name, "acme.master");
  EXPECT_EQ(card.version, 0x20);
  EXPECT_TRUE(card.diversification.empty());
  EXPECT_TRUE(crypto::matches(card.enc->material(), from_hex("7CF0A331ECB53F81DDB86F93F174DC0B")));
  EXPECT_EQ(card_keys(card, kKdd).enc, card.enc) << "keys that need nothing stay as they are";
}

TEST(Diversification, kdf3_gives_keys_as_long_as_the_master) {
  for (size_t size : {16, 24, 32}) {
    const auto card = diversify(master(crypto::KeyType::aes, std::string(2 * size, '4')), "kdf3", kKdd);
    EXPECT_EQ(card.enc->size(), size);
    EXPECT_NE(card.enc->kcv(), card.mac->kcv());
  }
}

TEST(Diversification, refuses_unknown_methods_wrong_keys_and_wrong_data) {
  try {
    diversify(gemxpresso(), "visa3", kKdd);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_NE(error.message().find("visa2"), std::string::npos) << error.message();
  }
  EXPECT_THROW(diversify(gemxpresso(), "kdf3", kKdd), Error);
  EXPECT_THROW(diversify(master(crypto::KeyType::aes, std::string(32, '4')), "emv", kKdd), Error);
  EXPECT_THROW(diversify(gemxpresso(), "emv", Bytes(9)), Error);
  EXPECT_THROW(diversify(gemxpresso(), "emv", Bytes(11)), Error);
}

/// A key in custody whose derivation is broken: it gives itself.
class Broken final : public crypto::Key {
 public:
  crypto::KeyType type() const override { return crypto::KeyType::des; }
  size_t size() const override { return 16; }
  Bytes kcv() const override { return Bytes(3); }
  Secret derive_scp03_key(uint8_t, ByteView, unsigned) const override { return {}; }
  Bytes derive_scp03_data(uint8_t, ByteView, unsigned) const override { return {}; }
  Secret derive_scp02_key(uint16_t, uint16_t) const override { return {}; }
  Secret encrypt_to_secret(ByteView) const override { return material(); }
  Secret cmac_to_secret(ByteView) const override { return {}; }
  Secret material() const override { return Secret::copy(Bytes(16, 0x40)); }
};

TEST(Diversification, never_gives_the_master_key_itself) {
  crypto::KeySet set{.name = "broken", .enc = std::make_shared<Broken>()};
  EXPECT_THROW(diversify(set, "visa2", kKdd), Error);
}

}  // namespace
}  // namespace cw::gp
