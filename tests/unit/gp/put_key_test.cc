// Secret keys are cases of tests/vectors; here are public keys, the forms, the answer, bad input, and key DGIs.
#include "gp/put_key.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"
#include "gp/channel_from_session_keys.h"
#include "gp/key_dgis.h"

namespace cw::gp {
namespace {

Secret hex_secret(const char* hex) { return Secret::take(from_hex(hex)); }

std::unique_ptr<Channel> channel() {
  SessionKeys keys{
      Secret::copy(Bytes(16)), Secret::copy(Bytes(16)), {}, hex_secret("404142434445464748494A4B4C4D4E4F")};
  return channel_from_session_keys({.scp = Scp::scp03}, keys);
}

std::shared_ptr<const crypto::Key> aes_key() {
  return crypto::make_key(crypto::KeyType::aes, hex_secret("000102030405060708090A0B0C0D0E0F"));
}

TEST(PutKey, an_aes_key_goes_with_its_length_or_bare) {
  const std::string cipher = "3D0FA4B855D2A5AA4954B8B5DF582A3A";  // put-key-jcexpress-aes-scp03
  EXPECT_EQ(to_hex(put_key_data(*channel(), 0x03, {SecretKeyItem{aes_key()}})), "03881110" + cipher + "03C35280");
  EXPECT_EQ(to_hex(put_key_data(*channel(), 0x03, {SecretKeyItem{aes_key(), KeyDataForm::bare}})),
            "038810" + cipher + "03C35280");
}

TEST(PutKey, public_keys_go_in_clear_and_without_check_value) {
  const Bytes modulus(128, 0xAB);
  EXPECT_EQ(to_hex(put_key_data(*channel(), 0x73, {RsaPublicKeyItem{modulus, from_hex("010001")}})),
            "73A18180" + to_hex(modulus) + "A003010001" + "00");
  const Bytes point = concat({Bytes{0x04}, Bytes(64, 0x5A)});
  EXPECT_EQ(to_hex(put_key_data(*channel(), 0x70, {EccPublicKeyItem{point, 0x00}})),
            "70B041" + to_hex(point) + "F00100" + "00");
}

TEST(PutKey, the_command_says_what_is_replaced_and_how_many) {
  const std::vector<KeyItem> three = {SecretKeyItem{aes_key()}, SecretKeyItem{aes_key()}, SecretKeyItem{aes_key()}};
  const auto command = put_key(*channel(), 0x00, 0x01, 0x30, three);
  EXPECT_EQ(to_hex(command.encode()).substr(0, 12), "80D800814630");
  EXPECT_EQ(put_key(*channel(), 0x30, 0x01, 0x30, {SecretKeyItem{aes_key()}}).p2, 0x01);
  EXPECT_THROW(put_key(*channel(), 0x80, 0x01, 0x30, three), Error);
  EXPECT_THROW(put_key(*channel(), 0x00, 0x00, 0x30, three), Error);
  EXPECT_THROW(put_key(*channel(), 0x00, 0x01, 0x00, three), Error);
  EXPECT_THROW(put_key(*channel(), 0x00, 0x01, 0xFF, three), Error);
}

TEST(PutKey, nothing_and_keys_without_value_are_refused) {
  EXPECT_THROW(put_key_data(*channel(), 0x30, {}), Error);
  EXPECT_THROW(put_key_data(*channel(), 0x30, {SecretKeyItem{}}), Error);
  EXPECT_THROW(put_key_data(*channel(), 0x30, {RsaPublicKeyItem{{}, Bytes(3)}}), Error);
}

TEST(PutKey, the_answer_is_checked_against_what_was_sent) {
  const std::vector<KeyItem> keys = {SecretKeyItem{aes_key()}};
  const auto check = [&](const char* answer) {
    check_put_key_answer(parse_put_key_answer(from_hex(answer)), 0x30, keys);
  };
  EXPECT_NO_THROW(check("30C35280"));
  EXPECT_NO_THROW(check("30"));
  for (const char* wrong : {"", "30C352", "31C35280", "30C35281", "30C35280C35280"}) {
    EXPECT_THROW(check(wrong), Error) << wrong;
  }
}

TEST(PutKey, needs_a_dek) {
  const auto without =
      channel_from_session_keys({.scp = Scp::scp03}, {Secret::copy(Bytes(16)), Secret::copy(Bytes(16)), {}, {}});
  EXPECT_THROW(put_key_data(*without, 0x30, {SecretKeyItem{aes_key()}}), Error);
}

TEST(KeyDgis, refuse_mixed_and_missing_keys) {
  const auto longer = crypto::make_key(crypto::KeyType::aes, Secret::copy(Bytes(32)));
  EXPECT_THROW(key_dgis(*channel(), {}, {}), Error);
  EXPECT_THROW(key_dgis(*channel(), {}, {{1, aes_key()}, {2, longer}}), Error);
  EXPECT_THROW(key_dgis(*channel(), {}, {{1, nullptr}}), Error);
}

TEST(KeyDgis, many_keys_take_the_long_length) {
  std::vector<DgiKey> keys;
  for (uint8_t id = 1; id <= 30; ++id) keys.push_back({id, aes_key()});
  const Bytes out = key_dgis(*channel(), {.version = 0x30}, keys);
  EXPECT_EQ(to_hex(ByteView(out).first(5)), "00B9FF013E");  // 18 + 30 * 10 bytes
}

}  // namespace
}  // namespace cw::gp
