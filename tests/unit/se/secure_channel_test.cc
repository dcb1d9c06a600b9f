// Opening and using channels with every option and level that the card claims, against gp's side.
#include "base/error.h"
#include "host_test.h"

namespace cw::se {
namespace {

const char* const kAes24 = "404142434445464748494A4B4C4D4E4F5051525354555657";
const char* const kAes32 = "404142434445464748494A4B4C4D4E4F505152535455565758595A5B5C5D5E5F";

Flavor with_keys(uint8_t type, const std::string& key) {
  Flavor f = flavor("generic");
  f.keys = {{0x30, type, from_hex(key), from_hex(key), from_hex(key)}};
  return f;
}

class Scp03Options : public testing::TestWithParam<std::tuple<int, const char*, int>> {};

TEST_P(Scp03Options, a_channel_carries_commands_both_ways) {
  const auto [i, key, level] = GetParam();
  Flavor f = with_keys(0x88, key);
  f.scp03_i = static_cast<uint8_t>(i);
  Card card(f);
  card.reset();
  Host host(card);
  const bool offered = (level & 0x10) == 0 || ((level & 0x20) != 0 ? (i & 0x60) == 0x60 : (i & 0x20) != 0);
  const crypto::KeySet keys = key_set(0x30, crypto::KeyType::aes, key, key, key);
  const size_t challenge = (i & 1) != 0 ? 16 : 8;
  if (!offered) {
    EXPECT_THROW(host.open(keys, static_cast<uint8_t>(level), {}, challenge), Error) << "gp reads it from i";
    const std::string cryptogram(challenge * 4, '0');
    EXPECT_EQ(host.raw("8482" + to_hex(static_cast<uint8_t>(level)) + "00" + lv(cryptogram)), "6A86");
    return;
  }
  const std::string opened = host.open(keys, static_cast<uint8_t>(level), {}, challenge);
  ASSERT_EQ(opened, "9000") << card.why();
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(host.send("80CA0066").substr(0, 4), "663E") << card.why();
    EXPECT_EQ(host.send("80F28002", "4F00").substr(0, 2), "E3") << card.why();
    EXPECT_EQ(host.send("80F22002", "4F0499887766"), "6A88") << "an error ends nothing, and has no R-MAC";
    EXPECT_EQ(host.create_domain("F0636172647700" + to_hex(static_cast<uint8_t>(round))), "009000") << card.why();
  }
}

INSTANTIATE_TEST_SUITE_P(All, Scp03Options,
                         testing::Combine(testing::Values(0x00, 0x10, 0x20, 0x60, 0x70, 0x71),
                                          testing::Values(kTestKey, kAes24, kAes32),
                                          testing::Values(0x00, 0x01, 0x03, 0x11, 0x13, 0x33)));

class Scp02Options : public testing::TestWithParam<std::tuple<int, int>> {};

TEST_P(Scp02Options, a_channel_carries_commands_both_ways) {
  const auto [i, level] = GetParam();
  Flavor f = with_keys(0x80, kTestKey);
  f.scp02_i = static_cast<uint8_t>(i);
  f.capabilities = {};  // they would tell of others
  Card card(f);
  card.reset();
  Host host(card);
  gp::ChannelOptions options;
  options.i = static_cast<uint8_t>(i);
  if ((level & 0x10) != 0 && (i & 0x20) == 0) {
    EXPECT_THROW(host.open(test_keys(0x30, crypto::KeyType::des), static_cast<uint8_t>(level), options), Error);
    EXPECT_EQ(host.raw("8482" + to_hex(static_cast<uint8_t>(level)) + "00" + lv(std::string(32, '0'))), "6A86");
    return;
  }
  ASSERT_EQ(host.open(test_keys(0x30, crypto::KeyType::des), static_cast<uint8_t>(level), options), "9000")
      << card.why();
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(host.send("80CA0066").substr(0, 4), "663E") << card.why();
    EXPECT_EQ(host.send("80F28002", "4F00").substr(0, 2), "E3") << card.why();
    EXPECT_EQ(host.create_domain("F0636172647700" + to_hex(static_cast<uint8_t>(round))), "009000") << card.why();
  }
}

INSTANTIATE_TEST_SUITE_P(All, Scp02Options,
                         testing::Combine(testing::Values(0x15, 0x55, 0x35, 0x75),
                                          testing::Values(0x00, 0x01, 0x03, 0x11, 0x13)));

TEST(SecureChannel, scp02_has_rmac_where_the_capabilities_tell_the_option) {
  for (const auto& [name, i] : {std::pair("generic", 0x75), std::pair("uicc", 0x35), std::pair("secora", 0x75)}) {
    Card card(flavor(name));
    card.reset();
    Host host(card);
    gp::ChannelOptions options;
    options.i = static_cast<uint8_t>(i);
    for (const int level : {0x01, 0x03, 0x11, 0x13}) {
      ASSERT_EQ(host.open(scp02_keys(), static_cast<uint8_t>(level), options), "9000") << name << card.why();
      EXPECT_EQ(host.send("80F28002", "4F00").substr(0, 2), "E3") << name << card.why();
    }
  }
}

TEST(SecureChannel, the_generic_card_opens_with_either_protocol_by_key_version) {
  Card card(flavor("generic"));
  card.reset();
  Host host(card);
  EXPECT_EQ(host.open(scp03_keys(), 0x33), "9000");
  gp::ChannelOptions scp02;
  scp02.i = 0x55;
  EXPECT_EQ(host.open(scp02_keys(), 0x03, scp02), "9000");
  EXPECT_EQ(host.raw("8050310008000000000000000000"), "6A88");
}

TEST(SecureChannel, key_version_00_is_the_first_set) {
  Card card(flavor("generic"));
  card.reset();
  Host host(card);
  EXPECT_EQ(host.raw("805000000800010203040506070 0").substr(20, 6), "300370");
}

TEST(SecureChannel, scp03_counts_openings_and_scp02_sessions) {
  Card card(flavor("generic"));
  card.reset();
  Host host(card);
  EXPECT_EQ(host.raw("80CA00C100"), "C1030000009000");
  host.raw("80503000080001020304050607 00");
  EXPECT_EQ(host.raw("80CA00C100"), "C1030000019000");
  ASSERT_EQ(host.open(scp03_keys(), 0x01), "9000");
  EXPECT_EQ(host.send("80CA00C1"), "C1030000029000");

  Card older(with_keys(0x80, kTestKey));
  older.reset();
  Host other(older);
  other.raw("80503000080001020304050607 00");
  EXPECT_EQ(other.raw("80CA00C100"), "C10200009000");
  gp::ChannelOptions scp02;
  scp02.i = 0x55;
  ASSERT_EQ(other.open(test_keys(0x30, crypto::KeyType::des), 0x01, scp02), "9000");
  EXPECT_EQ(other.send("80CA00C1"), "C10200019000");
}

TEST(SecureChannel, a_wrong_mac_ends_the_session) {
  Card card(flavor("generic"));
  card.reset();
  Host host(card);
  ASSERT_EQ(host.open(scp03_keys(), 0x01), "9000");
  card::Apdu wrapped = host.channel().wrap(card::Apdu::parse(from_hex("80F28002024F0000")));
  Bytes damaged = wrapped.encode();
  damaged[6] ^= 0x01;
  EXPECT_EQ(to_hex(card.process(damaged)), "6982");
  EXPECT_EQ(to_hex(card.process(wrapped.encode())), "6982") << "the session is gone";
}

TEST(SecureChannel, the_same_wrapped_bytes_are_taken_once) {
  Card card(flavor("generic"));
  card.reset();
  Host host(card);
  ASSERT_EQ(host.open(scp03_keys(), 0x03), "9000");
  const Bytes wrapped = host.channel().wrap(card::Apdu::parse(from_hex("80F28002024F0000"))).encode();
  EXPECT_TRUE(to_hex(card.process(wrapped)).ends_with("9000"));
  EXPECT_EQ(to_hex(card.process(wrapped)), "6982");
}

TEST(SecureChannel, a_plain_command_in_a_session_with_mac_ends_it) {
  Card card(flavor("generic"));
  card.reset();
  Host host(card);
  ASSERT_EQ(host.open(scp03_keys(), 0x01), "9000");
  EXPECT_EQ(host.raw("80F28002024F0000"), "6982");
  EXPECT_EQ(host.send("80F28002", "4F00"), "6982");
}

TEST(SecureChannel, a_plain_get_response_does_not_end_a_session) {
  Card card(flavor("generic"));
  card.reset();
  Host host(card);
  ASSERT_EQ(host.open(scp03_keys(), 0x01), "9000");
  EXPECT_EQ(host.raw("00C0000000"), "6985");
  EXPECT_TRUE(host.send("80F28002", "4F00").ends_with("9000"));
}

TEST(SecureChannel, nothing_that_changes_the_card_goes_without_one) {
  Card card(flavor("generic"));
  card.reset();
  Host host(card);
  for (const char* header : {"80F28002", "80E60C00", "80E80000", "80E40000", "80D80081", "80E29000", "80F08007"}) {
    EXPECT_EQ(host.send(header, "4F00"), "6982") << header;
  }
  EXPECT_EQ(host.raw("84F28002024F0000"), "6982");
}

TEST(SecureChannel, external_authenticate_wants_initialize_update_before) {
  Card card(flavor("generic"));
  card.reset();
  Host host(card);
  EXPECT_EQ(host.raw("848201001000000000000000000000000000000000"), "6985");
  host.raw("80503000080001020304050607 00");
  EXPECT_EQ(host.raw("848201001000000000000000000000000000000000"), "6300");
  EXPECT_EQ(host.raw("848201001000000000000000000000000000000000"), "6985") << "a failed one ends the attempt";
}

TEST(SecureChannel, keys_block_after_too_many_failures_and_a_good_one_forgives) {
  Flavor f = flavor("generic");
  f.auth_counter.limit = 3;
  Card card(f);
  card.reset();
  Host host(card);
  const auto fail = [&] {
    host.raw("80503000080001020304050607 00");
    return host.raw("848201001000000000000000000000000000000000");
  };
  EXPECT_EQ(fail(), "6300");
  EXPECT_EQ(fail(), "6300");
  EXPECT_EQ(host.open(scp03_keys(), 0x01), "9000");
  for (int at = 0; at < 3; ++at) EXPECT_EQ(fail(), "6300");
  EXPECT_EQ(host.raw("80503000080001020304050607 00"), "6983");
  card.reset();
  EXPECT_EQ(host.raw("80503000080001020304050607 00"), "6983") << "no reset gives attempts back";
  gp::ChannelOptions scp02;
  scp02.i = 0x55;
  EXPECT_EQ(host.open(scp02_keys(), 0x01, scp02), "9000") << "another key version has attempts of its own";
}

TEST(SecureChannel, a_card_may_count_every_initialize_update_of_the_whole_card) {
  Flavor f = flavor("generic");
  f.auth_counter = {AuthCounter::On::initialize_update, AuthCounter::Scope::card, 2};
  Card card(f);
  card.reset();
  Host host(card);
  host.raw("80503000080001020304050607 00");
  host.raw("80502000080001020304050607 00");
  EXPECT_EQ(host.raw("80503000080001020304050607 00"), "6983");
}

TEST(SecureChannel, pulling_the_power_gives_no_attempt_back) {
  Flavor f = flavor("generic");
  f.auth_counter.limit = 1;
  Card card(f);
  card.reset();
  Host host(card);
  host.raw("80503000080001020304050607 00");
  card.tear_next(Tear::inside);
  EXPECT_EQ(host.raw("848201001000000000000000000000000000000000"), "");
  card.reset();
  EXPECT_EQ(host.raw("80503000080001020304050607 00"), "6983");
}

TEST(SecureChannel, channels_0_to_19_have_sessions_of_their_own) {
  Card card(flavor("generic"));
  card.reset();
  std::vector<std::unique_ptr<Host>> hosts;
  hosts.push_back(std::make_unique<Host>(card, 0));
  for (unsigned number = 1; number < 20; ++number) {
    EXPECT_EQ(hosts[0]->raw("0070000001"), to_hex(static_cast<uint8_t>(number)) + "9000");
    hosts.push_back(std::make_unique<Host>(card, number));
  }
  EXPECT_EQ(hosts[0]->raw("0070000001"), "6A81");
  for (auto& host : hosts) ASSERT_EQ(host->open(scp03_keys(), 0x33), "9000") << card.why();
  for (auto& host : hosts) EXPECT_TRUE(host->send("80F28002", "4F00").ends_with("9000")) << card.why();
  EXPECT_EQ(hosts[0]->raw("00708004"), "9000");
  EXPECT_EQ(hosts[0]->raw("00708004"), "6200");
  EXPECT_EQ(hosts[0]->raw("C0CA006600"), "6881");
}

TEST(SecureChannel, s16_wants_challenges_of_16_bytes) {
  Flavor f = flavor("generic");
  f.scp03_i = uint8_t{0x71};
  Card card(f);
  card.reset();
  Host host(card);
  EXPECT_EQ(host.raw("80503000080001020304050607 00"), "6700");
  EXPECT_EQ(host.raw("805030001000010203040506070001020304050607 00").size(), 2 * (10 + 3 + 16 + 16 + 3 + 2));
}

TEST(SecureChannel, chained_by_p1_the_mac_is_over_the_whole_command) {
  Card card(flavor("generic"));
  card.reset();
  Host host(card);
  for (const uint8_t level : {uint8_t{0x01}, uint8_t{0x03}, uint8_t{0x33}}) {
    ASSERT_EQ(host.open(scp03_keys(), level), "9000");
    // Install parameters too long for one APDU.
    const std::string parameters = "C98200F0" + std::string(480, 'A');
    const std::string aid = "F0636172647700" + to_hex(level);
    card::Apdu whole{0x80, 0xE6, 0x0C, 0x00, {}, 256, false};
    whole.data = from_hex(lv("A0000001515350") + lv("A000000151535041") + lv(aid) + "01" + "80" + "81" +
                          to_hex(static_cast<uint8_t>(parameters.size() / 2)) + parameters + "00");
    const card::Apdu wrapped = host.channel().wrap(whole);
    ASSERT_GT(wrapped.data.size(), 255u);
    const ByteView data = wrapped.data;
    card::Apdu first{wrapped.cla, 0xE6, 0x8C, 0x00, to_bytes(data.first(200)), {}, false};
    card::Apdu last{wrapped.cla, 0xE6, 0x0C, 0x00, to_bytes(data.subspan(200)), 256, false};
    EXPECT_EQ(to_hex(card.process(first.encode())), "9000") << "no R-MAC on a part";
    const card::Response answer = host.channel().unwrap(card::Response::parse(card.process(last.encode())));
    EXPECT_EQ(to_hex(answer.encode()), "009000") << card.why();
  }
}

TEST(SecureChannel, another_command_between_the_parts_ends_the_chain) {
  Card card(flavor("generic"));
  card.reset();
  Host host(card);
  ASSERT_EQ(host.open(scp03_keys(), 0x00), "9000");
  EXPECT_EQ(host.raw("80E68C0002AABB"), "9000");
  EXPECT_EQ(host.raw("80F28002024F0000"), "6985");
  EXPECT_TRUE(host.raw("80F28002024F0000").ends_with("9000"));
}

TEST(SecureChannel, a_card_that_encrypts_empty_data_wants_it_so) {
  Card card(flavor("yubikey"));
  card.reset();
  Host host(card);
  gp::ChannelOptions options;
  options.encrypt_empty_data = true;
  ASSERT_EQ(host.open(test_keys(0xFF, crypto::KeyType::aes), 0x33, options), "9000");
  EXPECT_TRUE(host.send("80CA00E0").ends_with("9000")) << card.why();
  ASSERT_EQ(host.open(test_keys(0xFF, crypto::KeyType::aes), 0x33), "9000");
  EXPECT_EQ(host.send("80CA00E0"), "6982");
}

}  // namespace
}  // namespace cw::se
