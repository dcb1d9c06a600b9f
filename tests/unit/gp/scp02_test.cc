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
const Bytes kAid = from_hex("A000000003000000");
const Bytes kHost = from_hex("1122334455667788");
const Bytes kCounter = from_hex("002A");

Bytes session_key(const Bytes& key, uint16_t constant) {
  Bytes block;
  append_be(block, constant, 2);
  append(block, kCounter);
  block.resize(16);
  return reference::des_cbc(key, reference::zeros(8), block);
}

/// i bit 01 clear: one base key for all.
struct Card {
  uint8_t i = 0x15;
  Bytes mac_base() const { return i & 0x01 ? kMac : kEnc; }
  Bytes dek_base() const { return i & 0x01 ? kDek : kEnc; }
  Bytes challenge() const {
    if (!(i & 0x40)) return from_hex("A1A2A3A4A5A6");
    return reference::first(reference::retail_mac(session_key(mac_base(), 0x0101), reference::zeros(8), kAid), 6);
  }
  Bytes cryptogram() const {
    return reference::des_mac(session_key(kEnc, 0x0182), reference::zeros(8), concat({kHost, kCounter, challenge()}));
  }
  Bytes initialize_update() const {
    return concat({from_hex("00010203040506070809 20 02"), kCounter, challenge(), cryptogram()});
  }
  reference::DesSession session(uint8_t level) const {
    return {.scp = 2,
            .s_enc = session_key(kEnc, 0x0182),
            .s_mac = session_key(mac_base(), 0x0101),
            .s_rmac = session_key(mac_base(), 0x0102),
            .level = level,
            .icv_encryption = (i & 0x10) != 0};
  }
};

crypto::KeySet key_set() {
  const auto key = [](const Bytes& bytes) { return crypto::make_key(crypto::KeyType::des, Secret::copy(bytes)); };
  return {.name = "isd", .version = 0x20, .enc = key(kEnc), .mac = key(kMac), .dek = key(kDek)};
}

std::unique_ptr<Channel> open(const Card& card, uint8_t level) {
  return Channel::open(key_set(), kHost, InitializeUpdateAnswer::parse(card.initialize_update(), 8), level,
                       {.i = card.i, .aid = kAid});
}

struct Pair {
  std::unique_ptr<Channel> channel;
  reference::DesSession reference;
};
Pair opened(const Card& card, uint8_t level) {
  Pair pair{open(card, level), card.session(level)};
  const Bytes cryptogram =
      reference::des_mac(pair.reference.s_enc, reference::zeros(8), concat({kCounter, card.challenge(), kHost}));
  EXPECT_EQ(to_hex(pair.channel->external_authenticate().encode()),
            to_hex(pair.reference.wrap({0x80, 0x82, level, 0x00, cryptogram}, true)));
  return pair;
}

TEST(Scp02, every_supported_i_and_level_agrees_with_the_specification) {
  for (uint8_t base : reference::Values{0x04, 0x05, 0x14, 0x15}) {
    for (uint8_t more : reference::Values{0x00, 0x20, 0x40, 0x60}) {
      const Card card{static_cast<uint8_t>(base | more)};
      for (uint8_t level : reference::Values{0x00, 0x01, 0x03, 0x11, 0x13}) {
        SCOPED_TRACE("i " + to_hex(card.i) + " level " + to_hex(level));
        if (level & 0x10 && !(card.i & 0x20)) {
          EXPECT_THROW(open(card, level), Error);
          continue;
        }
        auto [channel, reference] = opened(card, level);
        for (uint8_t cla : reference::Values{0x80, 0x82, 0xC5}) {
          for (size_t size : {0, 1, 7, 8, 9, 100, 239}) {
            card::Apdu plain{cla, 0xF2, 0x40, 0x02, Bytes(size, 0x4F)};
            if (size % 2) plain.le = 256;
            EXPECT_EQ(to_hex(channel->wrap(plain).encode()), to_hex(reference.wrap(plain)));
            const Bytes data(size % 200, 0x5A);
            const auto answer = channel->unwrap(card::Response::parse(reference.wrap_response(data, 0x9000)));
            EXPECT_EQ(to_hex(answer.data), to_hex(data));
          }
        }
      }
    }
  }
}

TEST(Scp02, other_options_are_refused_by_name) {
  for (uint8_t i : reference::Values{0x00, 0x0A, 0x0B, 0x1A, 0x1B, 0x17, 0x1D, 0x95}) {
    try {
      open(Card{i}, 0x01);
      FAIL() << to_hex(i);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::channel);
      EXPECT_NE(error.message().find("i=" + to_hex(i)), std::string::npos) << error.message();
    }
  }
}

TEST(Scp02, without_i_the_channel_is_15) {
  const auto channel =
      Channel::open(key_set(), kHost, InitializeUpdateAnswer::parse(Card{}.initialize_update(), 8), 0x03);
  EXPECT_EQ(channel->i(), 0x15);
  EXPECT_EQ(channel->max_data(), 239u);
  EXPECT_EQ(channel->scp(), Scp::scp02);
}

TEST(Scp02, a_cryptogram_off_by_one_bit_is_refused) {
  for (size_t bit = 0; bit < 64; ++bit) {
    auto answer = InitializeUpdateAnswer::parse(Card{}.initialize_update(), 8);
    answer.card_cryptogram[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    EXPECT_THROW(Channel::open(key_set(), kHost, answer, 0x01), Error);
  }
}

TEST(Scp02, a_challenge_that_is_not_pseudo_random_is_refused_with_i_55) {
  const auto answer = InitializeUpdateAnswer::parse(Card{0x15}.initialize_update(), 8);
  EXPECT_NO_THROW(Channel::open(key_set(), kHost, answer, 0x01, {.i = 0x55}));
  EXPECT_THROW(Channel::open(key_set(), kHost, answer, 0x01, {.i = 0x55, .aid = kAid}), Error);
}

TEST(Scp02, secrets_are_wrapped_as_plain_data_would_be_also_with_r_mac) {
  for (size_t size : {1, 7, 8, 20}) {
    auto [channel, reference] = opened(Card{0x35}, 0x13);
    const Bytes data(size, 0x31);
    const card::Apdu plain{0x80, 0xE2, 0x80, 0x00, data};
    EXPECT_EQ(to_hex(channel->wrap({0x80, 0xE2, 0x80, 0x00}, Secret::copy(data)).encode()),
              to_hex(reference.wrap(plain)));
    EXPECT_TRUE(channel->unwrap(card::Response::parse(reference.wrap_response({}, 0x9000))).ok());
  }
  auto [channel, reference] = opened(Card{0x15}, 0x01);
  EXPECT_THROW(channel->wrap({0x80, 0xE2, 0x80, 0x00}, Secret::copy(Bytes(8))), Error);
}

TEST(Scp02, a_wrong_or_missing_r_mac_closes_the_channel) {
  const card::Apdu get{0x80, 0xCA, 0x00, 0xE0};
  for (size_t at = 0; at < 14; ++at) {
    auto [channel, reference] = opened(Card{0x35}, 0x11);
    channel->wrap(get);
    reference.wrap(get);
    Bytes answer = reference.wrap_response(Bytes(4, 0x77), 0x9000);
    if (at < answer.size() - 2) {
      answer[at] ^= 0x80;
    } else {
      answer = {0x90, 0x00};
    }
    EXPECT_THROW(channel->unwrap(card::Response::parse(answer)), Error);
    EXPECT_THROW(channel->wrap(get), Error);
  }
}

TEST(Scp02, a_batch_is_answered_in_order_and_goes_on_from_a_mark) {
  auto [channel, reference] = opened(Card{0x35}, 0x13);
  std::vector<Channel::Mark> marks;
  std::vector<Bytes> answers;
  for (uint8_t n = 0; n < 4; ++n) {
    const card::Apdu block{0x80, 0xE8, 0x00, n, Bytes(30, n)};
    channel->wrap(block);
    marks.push_back(channel->mark());
    if (n > 1) continue;
    reference.wrap(block);
    answers.push_back(reference.wrap_response(Bytes(n, 0x44), 0x9000));
  }
  for (size_t n : {0, 1}) {
    EXPECT_EQ(channel->unwrap_at(marks[n], card::Response::parse(answers[n])).data.size(), n);
  }
  channel->restore(marks[1]);
  const card::Apdu next{0x80, 0xE8, 0x80, 2, Bytes(10, 9)};
  EXPECT_EQ(to_hex(channel->wrap(next).encode()), to_hex(reference.wrap(next)));
  EXPECT_TRUE(channel->unwrap(card::Response::parse(reference.wrap_response({}, 0x9000))).ok());
  EXPECT_THROW(channel->unwrap_at(marks[0], card::Response::parse(answers[0])), Error) << "an answer counts once";
}

TEST(Scp02, keys_go_under_the_session_dek) {
  const auto channel = open(Card{}, 0x03);
  const Bytes dek = session_key(kDek, 0x0181);
  const auto key = crypto::make_key(crypto::KeyType::aes, Secret::copy(Bytes(24, 0x21)));
  EXPECT_EQ(to_hex(channel->encrypt_key(*key)), to_hex(reference::des_ecb(dek, Bytes(24, 0x21))));
  EXPECT_EQ(to_hex(channel->encrypt_data(Secret::copy(Bytes(5, 1)))),
            to_hex(reference::des_ecb(dek, reference::pad80(Bytes(5, 1), 8))));
}

}  // namespace
}  // namespace cw::gp
