#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"
#include "gp/channel.h"
#include "scp_reference.h"

namespace cw::gp {
namespace {

const Bytes kEnc = from_hex("404142434445464748494A4B4C4D4E4F");
const Bytes kMac = from_hex("505152535455565758595A5B5C5D5E5F");
const Bytes kDek = from_hex("606162636465666768696A6B6C6D6E6F");
const Bytes kHost = from_hex("1122334455667788");
const Bytes kCard = from_hex("A1A2A3A4A5A6A7A8");

Bytes session_key(const Bytes& key) { return reference::des_ecb(key, from_hex("A5A6A7A8 11223344 A1A2A3A4 55667788")); }

Bytes initialize_update() {
  return concat({from_hex("00010203040506070809 FF 01"), kCard,
                 reference::des_mac(session_key(kEnc), reference::zeros(8), concat({kHost, kCard}))});
}

std::unique_ptr<Channel> open(uint8_t i, uint8_t level) {
  const auto key = [](const Bytes& bytes) { return crypto::make_key(crypto::KeyType::des, Secret::copy(bytes)); };
  return Channel::open({.name = "isd", .enc = key(kEnc), .mac = key(kMac), .dek = key(kDek)}, kHost,
                       InitializeUpdateAnswer::parse(initialize_update(), 8), level, {.i = i});
}

TEST(Scp01, both_options_and_every_level_agree_with_the_specification) {
  for (uint8_t i : reference::Values{0x05, 0x15}) {
    for (uint8_t level : reference::Values{0x00, 0x01, 0x03}) {
      SCOPED_TRACE("i " + to_hex(i) + " level " + to_hex(level));
      const auto channel = open(i, level);
      reference::DesSession reference{.scp = 1,
                                      .s_enc = session_key(kEnc),
                                      .s_mac = session_key(kMac),
                                      .s_rmac = {},
                                      .level = level,
                                      .icv_encryption = i == 0x15};
      const Bytes cryptogram = reference::des_mac(reference.s_enc, reference::zeros(8), concat({kCard, kHost}));
      EXPECT_EQ(to_hex(channel->external_authenticate().encode()),
                to_hex(reference.wrap({0x80, 0x82, level, 0x00, cryptogram}, true)));
      for (size_t size : {0, 1, 6, 7, 8, 15, 100, 239}) {
        const card::Apdu plain{0x80, 0xF2, 0x40, 0x02, Bytes(size, 0x4F), 256};
        const Bytes expected = reference.wrap(plain);
        if (level == 0x03 && size != 0) {
          const auto mark = channel->mark();
          EXPECT_EQ(to_hex(channel->wrap({0x80, 0xF2, 0x40, 0x02, {}, 256}, Secret::copy(plain.data)).encode()),
                    to_hex(expected));
          channel->restore(mark);
        }
        EXPECT_EQ(to_hex(channel->wrap(plain).encode()), to_hex(expected));
      }
    }
  }
}

TEST(Scp01, has_no_r_mac_and_no_other_options) {
  EXPECT_THROW(open(0x05, 0x11), Error);
  EXPECT_THROW(open(0x04, 0x01), Error);
  const auto channel = open(0x05, 0x03);
  channel->external_authenticate();
  EXPECT_EQ(channel->max_data(), 239u);
  EXPECT_THROW(channel->wrap({0x80, 0xE2, 0, 0, Bytes(256)}), Error);
}

TEST(Scp01, keys_go_under_the_static_dek) {
  const auto key = crypto::make_key(crypto::KeyType::des, Secret::copy(Bytes(16, 0x21)));
  EXPECT_EQ(to_hex(open(0x05, 0x01)->encrypt_key(*key)), to_hex(reference::des_ecb(kDek, Bytes(16, 0x21))));
}

}  // namespace
}  // namespace cw::gp
