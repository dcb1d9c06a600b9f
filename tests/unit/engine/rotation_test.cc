// demo/rotate-keys, torn at every command and started again by another process: the card ends up with the new keys, no
// key is tried that it does not have, and whoever follows the keys could name both candidates before the first byte.
#include <gtest/gtest.h>

#include "rotation_bench.h"

namespace cw::engine::test {
namespace {

constexpr se::Tear kTears[] = {se::Tear::before, se::Tear::inside, se::Tear::after};

class Rotation : public testing::TestWithParam<Story> {};

TEST_P(Rotation, torn_at_every_command_another_process_brings_it_to_its_end) {
  const Bench bench(GetParam());
  const auto whole = bench.card();
  WatchedReader watched(whole);
  const RunResult untorn = bench.rotate(watched);
  ASSERT_FALSE(untorn.error) << text(untorn);
  ASSERT_EQ(watched.wrong_cryptograms, 0);
  const std::string before = bench.card()->state_digest_text(), after = whole->state_digest_text();
  ASSERT_NE(before, after);
  const bool in_place = GetParam().from.version == GetParam().to.version;

  unsigned counted = 0;
  for (unsigned k = 0; k < watched.instructions.size(); ++k) {
    for (const se::Tear when : kTears) {
      SCOPED_TRACE("tear " + std::to_string(static_cast<int>(when)) + " at command " + std::to_string(k + 1) +
                   " (INS " + to_hex(watched.instructions[k]) + ")");
      const auto card = bench.card();
      WatchedReader reader(card);
      NotedKeys noted;
      reader.noted = &noted;
      card->tear_next(when, k);
      const RunResult torn = bench.rotate(reader, 1, &noted);
      ASSERT_TRUE(torn.error);
      EXPECT_EQ(torn.error->kind(), ErrorKind::reader) << text(torn);
      if (in_place) {
        const std::string now = card->state_digest_text();
        EXPECT_TRUE(now == before || now == after) << "one of the two, and nothing between";
      }

      const RunResult again = bench.rotate(reader, 1, &noted);
      EXPECT_FALSE(again.error) << text(again);
      EXPECT_EQ(card->state_digest_text(), after);
      EXPECT_EQ(reader.wrong_cryptograms, 0) << "no key was tried that the card does not have";
      EXPECT_LE(reader.counted, 2u) << "within the budget, by the card's own count";
      counted = std::max(counted, reader.counted);
      EXPECT_EQ(reader.unannounced, 0) << "both candidates were known before the first byte";
      EXPECT_FALSE(noted.open) << "and an authentication has shown which the card has";
      EXPECT_EQ(noted.decided.empty() ? "" : noted.decided.back(), "after");

      const int put = reader.sent(kPutKey);
      const RunResult once_more = bench.rotate(reader, 1, &noted);
      EXPECT_FALSE(once_more.error) << text(once_more);
      EXPECT_EQ(reader.sent(kPutKey), put) << "what is done is skipped";
    }
  }
  EXPECT_EQ(counted, GetParam().counts_all ? 2u : 1u) << "the torn handshake, and on some cards each that has begun";
}

TEST_P(Rotation, torn_at_every_command_the_run_goes_on_by_itself) {
  const Bench bench(GetParam());
  const auto whole = bench.card();
  WatchedReader watched(whole);
  ASSERT_FALSE(bench.rotate(watched).error);
  for (unsigned k = 0; k < watched.instructions.size(); ++k) {
    for (const se::Tear when : kTears) {
      const auto card = bench.card();
      WatchedReader reader(card);
      card->tear_next(when, k);
      const RunResult result = bench.rotate(reader, 2);
      EXPECT_FALSE(result.error) << "command " << k + 1 << ": " << text(result);
      EXPECT_EQ(card->state_digest_text(), whole->state_digest_text());
      EXPECT_EQ(reader.wrong_cryptograms, 0);
      EXPECT_LE(reader.counted, 2u);
    }
  }
}

std::vector<Story> stories() {
  std::vector<Story> out;
  for (const char* name : {"generic", "uicc", "jcop4", "secora", "smartcafe", "yubikey"}) {
    const se::Flavor& flavor = se::flavor(name);
    for (const se::FactoryKeys& factory : flavor.keys) {
      const std::string scp = factory.type == kDes ? "_scp02" : "_scp03";
      const Set from{factory.type, factory.version, to_hex(factory.enc), ""};
      const uint8_t next = factory.type == kDes ? 0x2A : 0x3A;
      out.push_back({std::string(name) + scp + "_isd", name, true, from, {factory.type, next, kNew, ""}});
      if (factory.version == 0xFF) continue;  // the factory's set cannot be replaced in place
      out.push_back(
          {std::string(name) + scp + "_isd_in_place", name, true, from, {factory.type, factory.version, kNew, ""}});
    }
    if (!flavor.content_management) continue;
    const uint8_t type = flavor.keys.front().type;
    const Set from{type, 0x30, kOld, ""};
    out.push_back({std::string(name) + "_ssd", name, false, from, {type, 0x31, kNew, ""}});
    out.push_back({std::string(name) + "_ssd_in_place", name, false, from, {type, 0x30, kNew, ""}});
  }
  const Set from{0x88, 0x30, kOld, ""};
  out.push_back({"counting_card_ssd", "generic", false, from, {0x88, 0x31, kNew, ""}, true});
  out.push_back({"counting_card_ssd_in_place", "generic", false, from, {0x88, 0x30, kNew, ""}, true});
  out.push_back({"diversified_ssd_in_place", "generic", false, from, {0x88, 0x30, kNew, "kdf3"}});
  return out;
}

INSTANTIATE_TEST_SUITE_P(Everywhere, Rotation, testing::ValuesIn(stories()),
                         [](const auto& story) { return story.param.name; });

TEST(RotationInPlace, torn_twice_anywhere_a_third_process_ends_it) {
  const Bench bench(kInPlace);
  const auto whole = bench.card();
  WatchedReader watched(whole);
  ASSERT_FALSE(bench.rotate(watched).error);
  const unsigned last = static_cast<unsigned>(watched.instructions.size());
  for (unsigned first = 0; first < last; ++first) {
    for (unsigned second = 0; second < last; ++second) {
      const auto card = bench.card();
      WatchedReader reader(card);
      card->tear_next(kTears[first % 3], first);
      EXPECT_TRUE(bench.rotate(reader).error);
      card->tear_next(kTears[second % 3], second);
      bench.rotate(reader);
      card->tear_next(se::Tear::before, 1000);  // none
      const RunResult result = bench.rotate(reader);
      EXPECT_FALSE(result.error) << first << ", " << second << ": " << text(result);
      EXPECT_EQ(card->state_digest_text(), whole->state_digest_text());
      EXPECT_EQ(reader.wrong_cryptograms, 0);
    }
  }
}

TEST(RotationInPlace, the_key_information_says_nothing_and_one_authentication_everything) {
  const Bench bench(kInPlace);
  const auto card = bench.card();
  WatchedReader reader(card);
  reader.hide_keys = true;
  const RunResult result = bench.rotate(reader);
  EXPECT_FALSE(result.error) << text(result);
  EXPECT_EQ(reader.sent(kInitializeUpdate), 2) << "one says old, one says new";
  EXPECT_EQ(reader.wrong_cryptograms, 0);
}

TEST(RotationBeside, without_key_information_the_card_is_asked_for_the_version) {
  const Bench bench(kBeside);
  const auto card = bench.card();
  const auto whole = bench.card();
  WatchedReader reader(card), told(whole);
  reader.hide_keys = true;
  const RunResult result = bench.rotate(reader);
  EXPECT_FALSE(result.error) << text(result);
  EXPECT_FALSE(bench.rotate(told).error);
  EXPECT_EQ(card->state_digest_text(), whole->state_digest_text());
  EXPECT_EQ(reader.wrong_cryptograms, 0);
}

/// A process that dies between PUT KEY and its answer leaves a record that names both; the next one's channel decides.
TEST(RotationRecord, both_candidates_outlive_a_process_that_dies_at_PUT_KEY) {
  for (const Story& story : {kBeside, kInPlace}) {
    for (const se::Tear when : kTears) {
      const Bench bench(story);
      const auto card = bench.card();
      WatchedReader counting(bench.card());
      ASSERT_FALSE(bench.rotate(counting).error);
      const auto put = std::find(counting.instructions.begin(), counting.instructions.end(), kPutKey);
      card->tear_next(when, static_cast<unsigned>(put - counting.instructions.begin()));

      NotedKeys noted;
      WatchedReader reader(card);
      EXPECT_TRUE(bench.rotate(reader, 1, &noted).error);
      ASSERT_TRUE(noted.open);
      EXPECT_EQ(noted.open->place.domain, bench.flavor.ssd_aid);
      EXPECT_EQ(noted.open->place.card, "KDD-" + to_hex(bench.flavor.diversification_data));
      EXPECT_EQ(noted.open->before, (KeyWatch::Keys{"old", 0x30}));
      EXPECT_EQ(noted.open->after, (KeyWatch::Keys{"new", story.to.version}));

      EXPECT_FALSE(bench.rotate(reader, 1, &noted).error);
      EXPECT_FALSE(noted.open);
      const std::vector<std::string> expected =
          when == se::Tear::after ? std::vector<std::string>{"after"} : std::vector<std::string>{"before", "after"};
      EXPECT_EQ(noted.decided, expected);
    }
  }
}

TEST(RotationRecord, what_cannot_be_written_down_is_not_sent) {
  for (const Story& story : {kBeside, kInPlace}) {
    const Bench bench(story);
    const auto card = bench.card();
    WatchedReader reader(card);
    NotedKeys noted;
    noted.full = true;
    const RunResult result = bench.rotate(reader, 5, &noted);
    ASSERT_TRUE(result.error);
    EXPECT_EQ(result.error->kind(), ErrorKind::store);
    EXPECT_EQ(reader.sent(kPutKey), 0);
    EXPECT_EQ(card->state_digest_text(), bench.card()->state_digest_text());
  }
}

}  // namespace
}  // namespace cw::engine::test
