// Channels whose keys are in a token send, byte for byte, what those with software keys send.
#include "../crypto/soft_token.h"
#include "base/error.h"
#include "base/hex.h"
#include "crypto/aes.h"
#include "crypto/des.h"
#include "gp/channel.h"
#include "gp/diversification.h"
#include "gp/put_key.h"

namespace cw::gp {
namespace {

using crypto::KeyType;

class TokenChannel : public crypto::SoftToken {
 protected:
  void SetUp() override {
    SoftToken::SetUp();
    if (!IsSkipped()) store = crypto::Pkcs11KeyStore::open(uri());
  }

  static std::shared_ptr<const crypto::Key> software(KeyType type, uint8_t fill) {
    Bytes bytes(16);
    for (uint8_t& byte : bytes) byte = fill++;
    return crypto::make_key(type, Secret::take(std::move(bytes)));
  }
  /// The set in software, and the same in the token.
  crypto::KeySet in_software(const std::string& name, KeyType type) {
    crypto::KeySet out{.name = name};
    out.enc = software(type, 0x40);
    out.mac = software(type, 0x50);
    out.dek = software(type, 0x60);
    return out;
  }
  crypto::KeySet in_token(const crypto::KeySet& set) {
    store->put({{.name = set.name}, {set.enc, set.mac, set.dek}, {}});
    return store->find(set.name);
  }
  /// Opens both, and compares what they send.
  static void compare(const crypto::KeySet& here, const crypto::KeySet& there, const InitializeUpdateAnswer& answer,
                      uint8_t level, const ChannelOptions& options) {
    const Bytes challenge = from_hex("0001020304050607");
    const auto a = Channel::open(here, challenge, answer, level, options);
    const auto b = Channel::open(there, challenge, answer, level, options);
    EXPECT_EQ(a->external_authenticate().data, b->external_authenticate().data);
    for (const size_t size : {0, 1, 15, 16, 200}) {
      const card::Apdu plain{0x80, 0xE2, 0x00, 0x00, Bytes(size, 0x5A), {}};
      EXPECT_EQ(a->wrap(plain).data, b->wrap(plain).data) << size;
    }
    const Secret pin = Secret::copy(Bytes(9, 0x31));
    EXPECT_EQ(a->wrap({0x80, 0xE2, 0x00, 0x00, {}, {}}, pin).data, b->wrap({0x80, 0xE2, 0x00, 0x00, {}, {}}, pin).data);
    EXPECT_EQ(a->encrypt_data(pin), b->encrypt_data(pin));
    const auto key = software(here.enc->type(), 0x70);
    EXPECT_EQ(put_key(*a, 0, 1, 0x31, {SecretKeyItem{key, {}}}).data,
              put_key(*b, 0, 1, 0x31, {SecretKeyItem{key, {}}}).data);
  }

  std::shared_ptr<crypto::Pkcs11KeyStore> store;
};

/// An answer whose cryptogram is that of these keys, found by asking for it.
InitializeUpdateAnswer answer_for(const crypto::KeySet& keys, InitializeUpdateAnswer answer) {
  const Bytes challenge = from_hex("0001020304050607");
  if (answer.scp == Scp::scp03) {
    const Bytes context = concat({challenge, answer.card_challenge});
    answer.card_cryptogram = crypto::make_key(KeyType::aes, keys.mac->derive_scp03_key(0x06, context, 128))
                                 ->derive_scp03_data(0, context, 64);
  } else {
    const auto counter = static_cast<uint16_t>(read_be(answer.sequence_counter));
    const crypto::Block8 mac =
        keys.enc->scp02_session(0x0182, counter).mac({}, {challenge, answer.sequence_counter, answer.card_challenge});
    answer.card_cryptogram.assign(mac.begin(), mac.end());
  }
  return answer;
}

TEST_F(TokenChannel, of_scp03_is_the_same_as_one_of_software_keys) {
  const crypto::KeySet here = in_software("scp03", KeyType::aes), there = in_token(here);
  const InitializeUpdateAnswer answer =
      answer_for(here, {.scp = Scp::scp03, .key_version = 1, .i = uint8_t{0x60}, .card_challenge = Bytes(8, 9)});
  for (const auto level : {uint8_t{0x03}, uint8_t{0x13}, uint8_t{0x33}}) compare(here, there, answer, level, {});
}

TEST_F(TokenChannel, of_scp02_is_the_same_as_one_of_software_keys) {
  const crypto::KeySet here = in_software("scp02", KeyType::des), there = in_token(here);
  const InitializeUpdateAnswer answer = answer_for(
      here, {.scp = Scp::scp02, .key_version = 1, .sequence_counter = {0, 5}, .card_challenge = Bytes(6, 9)});
  compare(here, there, answer, 0x03, {.i = uint8_t{0x15}});
  compare(here, there, answer, 0x13, {.i = uint8_t{0x35}});
}

TEST_F(TokenChannel, puts_keys_of_the_token_onto_cards_if_they_may_leave_it) {
  const crypto::KeySet here = in_software("from", KeyType::aes), there = in_token(here);
  store->put({{.name = "may", .purpose = crypto::KeyPurpose::kek}, {software(KeyType::aes, 0x70)}, {}, true});
  store->put({{.name = "stays", .purpose = crypto::KeyPurpose::kek}, {software(KeyType::aes, 0x70)}, {}});
  const InitializeUpdateAnswer answer =
      answer_for(here, {.scp = Scp::scp03, .key_version = 1, .i = uint8_t{0x60}, .card_challenge = Bytes(8, 9)});
  const auto a = Channel::open(here, from_hex("0001020304050607"), answer, 3);
  const auto b = Channel::open(there, from_hex("0001020304050607"), answer, 3);
  EXPECT_EQ(a->encrypt_key(*software(KeyType::aes, 0x70)), b->encrypt_key(*store->find_key("may")));
  EXPECT_EQ(a->encrypt_key(*store->find_key("may")), b->encrypt_key(*software(KeyType::aes, 0x70)));
  try {
    b->encrypt_key(*store->find_key("stays"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("stays in its token"), std::string::npos) << error.message();
  }
}

TEST_F(TokenChannel, diversifies_inside_the_token_what_software_diversifies) {
  const Bytes kdd = from_hex("00010203040506070809");
  for (const auto& [method, type] : {std::pair{"visa2", KeyType::des}, std::pair{"emv", KeyType::des},
                                     std::pair{"gemvisa", KeyType::des}, std::pair{"kdf3", KeyType::aes}}) {
    const std::string name = std::string("master.") + method;
    crypto::KeyRecord record{.name = name, .purpose = crypto::KeyPurpose::master, .type = type};
    record.diversification = method;
    store->put({record, {software(type, 0x40)}, {}});
    crypto::KeySet master{.name = name, .diversification = method};
    master.enc = master.mac = master.dek = software(type, 0x40);
    const crypto::KeySet here = card_keys(master, kdd), there = card_keys(store->find(name), kdd);
    EXPECT_TRUE(crypto::same_key(*here.enc, *there.enc)) << method;
    EXPECT_TRUE(crypto::same_key(*here.mac, *there.mac)) << method;
    EXPECT_TRUE(crypto::same_key(*here.dek, *there.dek)) << method;
    EXPECT_FALSE(crypto::same_key(*here.enc, *there.mac)) << method;
  }
}

}  // namespace
}  // namespace cw::gp
