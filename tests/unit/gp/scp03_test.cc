#include <functional>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"
#include "gp/channel.h"
#include "scp_reference.h"

namespace cw::gp {
namespace {

struct Card {
  Bytes enc, mac, dek;
  Bytes aid = from_hex("A000000151000000");
  Bytes counter = from_hex("00002A");
  uint8_t i = 0x70;
  size_t size = 8;  // of challenges and MACs

  Bytes challenge(const Bytes& host) const {
    if (!(i & 0x10)) return reference::first(reference::cmac(enc, host), size);  // as good as random
    return reference::scp03_kdf(enc, 0x02, concat({counter, aid}), size * 8);
  }
  Bytes context(const Bytes& host) const { return concat({host, challenge(host)}); }

  Bytes initialize_update(const Bytes& host) const {
    const Bytes s_mac = reference::scp03_kdf(mac, 0x06, context(host), mac.size() * 8);
    Bytes out = from_hex("00010203040506070809 30 03");
    out.push_back(i);
    append(out, challenge(host));
    append(out, reference::scp03_kdf(s_mac, 0x00, context(host), size * 8));
    if (i & 0x10) append(out, counter);
    return out;
  }

  reference::Scp03 session(const Bytes& host, uint8_t level) const {
    const auto key = [&](const Bytes& from, uint8_t constant) {
      return reference::scp03_kdf(from, constant, context(host), from.size() * 8);
    };
    return {
        .s_enc = key(enc, 0x04), .s_mac = key(mac, 0x06), .s_rmac = key(mac, 0x07), .mac_size = size, .level = level};
  }

  crypto::KeySet key_set() const {
    const auto key = [](const Bytes& bytes) { return crypto::make_key(crypto::KeyType::aes, Secret::copy(bytes)); };
    return {.name = "isd", .version = 0x30, .enc = key(enc), .mac = key(mac), .dek = key(dek)};
  }
};

Bytes pattern(size_t size, uint8_t from) {
  Bytes out(size);
  for (size_t k = 0; k < size; ++k) out[k] = static_cast<uint8_t>(from + 7 * k);
  return out;
}

Card card_with(size_t key_size, bool s16 = false, uint8_t i = 0x70) {
  return {.enc = pattern(key_size, 0x11),
          .mac = pattern(key_size, 0x52),
          .dek = pattern(key_size, 0x93),
          .i = static_cast<uint8_t>(i | (s16 ? 1 : 0)),
          .size = s16 ? size_t{16} : size_t{8}};
}

std::unique_ptr<Channel> open(const Card& card, const Bytes& host, uint8_t level, ChannelOptions options = {}) {
  const auto answer = InitializeUpdateAnswer::parse(card.initialize_update(host), host.size());
  options.aid = card.aid;
  return Channel::open(card.key_set(), host, answer, level, options);
}

/// Opened, and the reference at the same point.
struct Pair {
  std::unique_ptr<Channel> channel;
  reference::Scp03 reference;
};
Pair opened(const Card& card, uint8_t level, ChannelOptions options = {}) {
  const Bytes host = pattern(card.size, 0xA0);
  Pair pair{open(card, host, level, std::move(options)), card.session(host, level)};
  const Bytes cryptogram = reference::scp03_kdf(pair.reference.s_mac, 0x01, card.context(host), card.size * 8);
  EXPECT_EQ(to_hex(pair.channel->external_authenticate().encode()),
            to_hex(pair.reference.wrap({0x80, 0x82, level, 0x00, cryptogram}, true)));
  return pair;
}

std::string message_of(const std::function<void()>& action, ErrorKind kind) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.message();
    return error.message();
  }
  ADD_FAILURE() << "nothing was raised";
  return {};
}

TEST(Scp03, every_level_key_size_mode_and_challenge_agrees_with_the_specification) {
  const uint8_t classes[] = {0x80, 0x83, 0xC0, 0xCF, 0x00};
  const size_t sizes[] = {0, 1, 15, 16, 17, 200, 239, 247, 300, 1000};
  for (size_t key_size : {16, 24, 32}) {
    for (bool s16 : {false, true}) {
      for (uint8_t i : reference::Values{0x60, 0x70}) {
        for (uint8_t level : reference::Values{0x00, 0x01, 0x03, 0x11, 0x13, 0x33}) {
          SCOPED_TRACE("key " + std::to_string(key_size) + " i " + to_hex(i) + " level " + to_hex(level) +
                       (s16 ? " S16" : " S8"));
          auto [channel, card] = opened(card_with(key_size, s16, i), level);
          uint8_t p2 = 0;
          for (uint8_t cla : classes) {
            for (size_t size : sizes) {
              card::Apdu plain{cla, 0xE2, 0x00, p2++, pattern(size, cla)};
              if (p2 % 3 == 0) plain.le = 256;
              if (p2 % 11 == 0) plain.le = 65536;
              EXPECT_EQ(to_hex(channel->wrap(plain).encode()), to_hex(card.wrap(plain)));
              const Bytes answer = pattern(size % 230, 0x33);
              const uint16_t sw = p2 % 5 == 0 ? 0x6310 : 0x9000;
              const auto unwrapped = channel->unwrap(card::Response::parse(card.wrap_response(answer, sw)));
              EXPECT_EQ(to_hex(unwrapped.data), to_hex(answer));
              EXPECT_EQ(unwrapped.sw, sw);
            }
          }
        }
      }
    }
  }
}

TEST(Scp03, empty_data_is_encrypted_only_for_cards_that_want_it) {
  auto [channel, card] = opened(card_with(16), 0x03, {.encrypt_empty_data = true});
  const card::Apdu plain{0x80, 0xCA, 0x00, 0x66, {}, 256};
  EXPECT_EQ(to_hex(channel->wrap(plain).encode()), to_hex(card.wrap(plain, false, true)));
  EXPECT_EQ(channel->wrap(plain).data.size(), 16u + 8u);
}

TEST(Scp03, max_data_fills_a_short_command_and_not_more) {
  const struct {
    bool s16;
    uint8_t level;
    size_t max;
  } table[] = {{false, 0x00, 255}, {false, 0x01, 247}, {false, 0x03, 239}, {true, 0x11, 239}, {true, 0x33, 223}};
  for (const auto& row : table) {
    auto [channel, card] = opened(card_with(16, row.s16), row.level);
    EXPECT_EQ(channel->max_data(), row.max);
    EXPECT_LE(channel->wrap({0x80, 0xE8, 0, 0, Bytes(row.max)}).data.size(), 255u);
    EXPECT_TRUE(row.level == 0 || channel->wrap({0x80, 0xE8, 0, 0, Bytes(row.max + 1)}).extended);
  }
}

TEST(Scp03, a_command_can_carry_65535_bytes_after_wrapping) {
  auto [channel, card] = opened(card_with(16), 0x01);
  const card::Apdu full{0x80, 0xE2, 0, 0, Bytes(65535 - 8)};
  EXPECT_EQ(channel->wrap(full).data.size(), 65535u);
  EXPECT_THROW(channel->wrap({0x80, 0xE2, 0, 0, Bytes(65535 - 7)}), Error);
}

TEST(Scp03, a_command_that_cannot_be_wrapped_leaves_the_channel_as_it_was) {
  auto [channel, card] = opened(card_with(16), 0x03);
  EXPECT_THROW(channel->wrap({0x80, 0xE2, 0, 0, Bytes(70000)}), Error);
  const card::Apdu next{0x80, 0xE2, 0, 0, Bytes(20)};
  EXPECT_EQ(to_hex(channel->wrap(next).encode()), to_hex(card.wrap(next)));
}

TEST(Scp03, secret_data_is_wrapped_as_plain_data_would_be) {
  for (size_t size : {0, 1, 15, 16, 31, 200, 400}) {
    auto [channel, card] = opened(card_with(32), 0x33);
    const Bytes data = pattern(size, 0x21);
    const card::Apdu plain{0x80, 0xE2, 0x80, 0x00, data, 256};
    EXPECT_EQ(to_hex(channel->wrap({0x80, 0xE2, 0x80, 0x00, {}, 256}, Secret::copy(data)).encode()),
              to_hex(card.wrap(plain)));
  }
}

TEST(Scp03, a_secret_does_not_leave_in_clear) {
  for (uint8_t level : reference::Values{0x00, 0x01, 0x11}) {
    const auto channel = opened(card_with(16), level).channel;
    const std::string message = message_of(
        [&] {
          channel->wrap({0x80, 0xE2, 0x80, 0x00}, Secret::copy(Bytes(8, 0x31)));
        },
        ErrorKind::channel);
    EXPECT_NE(message.find("does not encrypt"), std::string::npos) << message;
  }
}

TEST(Scp03, a_cryptogram_off_by_one_bit_is_refused_before_anything_is_sent) {
  const Card card = card_with(16);
  const Bytes host = pattern(8, 1);
  for (size_t bit = 0; bit < 64; ++bit) {
    auto answer = InitializeUpdateAnswer::parse(card.initialize_update(host), 8);
    answer.card_cryptogram[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    const std::string message =
        message_of([&] { Channel::open(card.key_set(), host, answer, 0x03); }, ErrorKind::channel);
    EXPECT_NE(message.find("'isd' is wrong"), std::string::npos) << message;
    EXPECT_NE(message.find("lock"), std::string::npos) << message;
  }
}

TEST(Scp03, a_challenge_that_is_not_the_announced_one_is_refused) {
  const Card card = card_with(16);
  const Bytes host = pattern(8, 1);
  const auto answer = InitializeUpdateAnswer::parse(card.initialize_update(host), 8);
  EXPECT_NO_THROW(Channel::open(card.key_set(), host, answer, 0x03));
  EXPECT_NO_THROW(Channel::open(card.key_set(), host, answer, 0x03, {.aid = card.aid}));
  EXPECT_THROW(Channel::open(card.key_set(), host, answer, 0x03, {.aid = from_hex("A000000003000000")}), Error);
}

TEST(Scp03, levels_that_the_card_does_not_have_are_refused) {
  const Bytes host = pattern(8, 1);
  for (uint8_t level : reference::Values{0x02, 0x10, 0x12, 0x23, 0x31, 0x80, 0xFF}) {
    EXPECT_THROW(open(card_with(16), host, level), Error) << to_hex(level);
  }
  EXPECT_THROW(open(card_with(16, false, 0x10), host, 0x11), Error);
  EXPECT_THROW(open(card_with(16, false, 0x30), host, 0x33), Error);
  EXPECT_NO_THROW(open(card_with(16, false, 0x30), host, 0x13));
  EXPECT_NO_THROW(open(card_with(16, false, 0x10), host, 0x33, {.i = 0x70}))
      << "i of the caller goes before the card's";
}

TEST(Scp03, keys_that_cannot_be_right_are_refused_by_name) {
  const Card card = card_with(16);
  const Bytes host = pattern(8, 1);
  const auto answer = InitializeUpdateAnswer::parse(card.initialize_update(host), 8);
  auto keys = card.key_set();
  keys.enc = crypto::make_key(crypto::KeyType::des, Secret::copy(Bytes(16, 0x40)));
  EXPECT_NE(message_of([&] { Channel::open(keys, host, answer, 1); }, ErrorKind::channel).find("'isd'"),
            std::string::npos);
  keys = card.key_set();
  keys.diversification = "kdf3";
  EXPECT_NE(message_of([&] { Channel::open(keys, host, answer, 1); }, ErrorKind::usage).find("diversify"),
            std::string::npos);
  EXPECT_THROW(Channel::open(card.key_set(), pattern(16, 1), answer, 1), Error);
  EXPECT_THROW(Channel::open({.name = "empty"}, host, answer, 1), Error);
}

TEST(Scp03, a_wrong_or_cut_answer_closes_the_channel) {
  const card::Apdu get{0x80, 0xCA, 0x00, 0xE0, {}, 256};
  const auto refuses = [&](const std::function<void(Bytes&)>& damage) {
    Pair pair = opened(card_with(16), 0x33);
    Channel& channel = *pair.channel;
    const Bytes wrapped = pair.reference.wrap(get);
    EXPECT_EQ(to_hex(channel.wrap(get).encode()), to_hex(wrapped));
    Bytes answer = pair.reference.wrap_response(pattern(20, 5), 0x9000);
    damage(answer);
    message_of([&] { channel.unwrap(card::Response::parse(answer)); }, ErrorKind::channel);
    EXPECT_NE(message_of([&] { channel.wrap(get); }, ErrorKind::channel).find("closed"), std::string::npos);
    EXPECT_THROW(channel.unwrap({{}, 0x9000}), Error);
    EXPECT_THROW(channel.restore(channel.mark()), Error);
  };
  for (size_t at = 0; at < 40; ++at) refuses([&](Bytes& answer) { answer[at] ^= 0x01; });
  refuses([](Bytes& answer) { answer.erase(answer.begin()); });
  refuses([](Bytes& answer) { answer.erase(answer.end() - 3); });
  refuses([](Bytes& answer) { answer = {0x90, 0x00}; });
  refuses([](Bytes& answer) { answer = {0x01, 0x02, 0x90, 0x00}; });
  refuses([](Bytes& answer) { answer = {0x01, 0x6A, 0x88}; });
  refuses([](Bytes& answer) { answer[answer.size() - 2] = 0x63; });
}

TEST(Scp03, an_error_status_has_no_r_mac_and_leaves_the_channel_open) {
  auto [channel, card] = opened(card_with(16), 0x13);
  const card::Apdu get{0x80, 0xCA, 0x00, 0xE0};
  channel->wrap(get);
  card.wrap(get);
  EXPECT_EQ(channel->unwrap({{}, 0x6A88}).sw, 0x6A88);
  EXPECT_EQ(to_hex(channel->wrap(get).encode()), to_hex(card.wrap(get)));
}

TEST(Scp03, a_plan_that_stopped_goes_on_from_the_mark_of_the_last_command_that_arrived) {
  auto [channel, card] = opened(card_with(16), 0x33);
  std::vector<Channel::Mark> marks;
  std::vector<Bytes> answers;
  for (uint8_t n = 0; n < 5; ++n) {
    const card::Apdu block{0x80, 0xE8, 0x00, n, pattern(100, n)};
    const Bytes wrapped = channel->wrap(block).encode();
    marks.push_back(channel->mark());
    if (n > 2) continue;  // never arrives
    EXPECT_EQ(to_hex(wrapped), to_hex(card.wrap(block)));
    answers.push_back(card.wrap_response(pattern(n, 0x44), 0x9000));
  }
  for (size_t n : {2, 0, 1}) {  // in any order
    EXPECT_EQ(channel->unwrap_at(marks[n], card::Response::parse(answers[n])).data, pattern(n, 0x44));
  }
  channel->restore(marks[2]);
  const card::Apdu next{0x80, 0xE8, 0x80, 3, pattern(50, 9)};
  EXPECT_EQ(to_hex(channel->wrap(next).encode()), to_hex(card.wrap(next)));
  EXPECT_THROW(channel->unwrap_at(marks[0], card::Response::parse(answers[1])), Error);
}

TEST(Scp03, external_authenticate_comes_once_and_first) {
  const auto channel = open(card_with(16), pattern(8, 1), 0x03);
  EXPECT_THROW(channel->wrap({0x80, 0xF2, 0x80, 0x02}), Error);
  EXPECT_THROW(channel->unwrap({{}, 0x9000}), Error);
  channel->external_authenticate();
  EXPECT_THROW(channel->external_authenticate(), Error);
  EXPECT_NO_THROW(channel->wrap({0x80, 0xF2, 0x80, 0x02}));
}

TEST(Scp03, keys_and_data_go_under_the_static_dek) {
  const Card card = card_with(32);
  const auto channel = open(card, pattern(8, 1), 0x03);
  const Bytes iv(16);
  for (size_t size : {16, 24, 32}) {
    const Bytes bytes = pattern(size, 0x77);
    const Bytes padded = size == 24 ? reference::pad80(bytes, 16) : bytes;
    const auto key = crypto::make_key(crypto::KeyType::aes, Secret::copy(bytes));
    EXPECT_EQ(to_hex(channel->encrypt_key(*key)), to_hex(reference::aes_cbc(card.dek, iv, padded)));
  }
  EXPECT_EQ(to_hex(channel->encrypt_data(Secret::copy(pattern(5, 1)))),
            to_hex(reference::aes_cbc(card.dek, iv, reference::pad80(pattern(5, 1), 16))));
}

}  // namespace
}  // namespace cw::gp
