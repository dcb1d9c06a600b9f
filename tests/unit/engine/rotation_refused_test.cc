// What demo/rotate-keys does not do: try a third key, put the keys that are there already, take away keys of others.
#include <functional>

#include <gtest/gtest.h>

#include "rotation_bench.h"

namespace cw::engine::test {
namespace {

TEST(RotationRefused, a_card_that_has_neither_set_is_asked_once_and_the_line_names_both) {
  Bench bench(kInPlace);
  bench.sets["old"].key = kOther;
  const auto card = bench.card();
  WatchedReader reader(card);
  const RunResult result = bench.rotate(reader, 5);
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind(), ErrorKind::channel);
  for (const char* part :
       {"'old' (version 30)", "'new' (version 30)", "key version 30 (3 keys)", "nothing more is tried"}) {
    EXPECT_NE(text(result).find(part), std::string::npos) << part << " in: " << text(result);
  }
  EXPECT_EQ(reader.sent(kInitializeUpdate), 1);
  EXPECT_EQ(reader.sent(kExternalAuthenticate), 0);
  EXPECT_EQ(reader.sent(kPutKey), 0);
}

TEST(RotationRefused, a_card_without_either_version_is_not_asked_to_authenticate) {
  Bench bench(kBeside);
  bench.sets["old"].version = 0x32;
  const auto card = bench.card();
  WatchedReader reader(card);
  const RunResult result = bench.rotate(reader);
  for (const char* part : {"'old' (version 32)", "'new' (version 31)", "key version 30 (3 keys)"}) {
    EXPECT_NE(text(result).find(part), std::string::npos) << part << " in: " << text(result);
  }
  EXPECT_EQ(reader.sent(kInitializeUpdate), 0);
}

TEST(RotationRefused, the_same_keys_under_two_names_are_no_rotation) {
  for (const Story& story : {kBeside, kInPlace}) {
    Bench bench(story);
    bench.sets["new"].key = kOld;
    const auto card = bench.card();
    WatchedReader reader(card);
    const RunResult result = bench.rotate(reader);
    EXPECT_NE(text(result).find("'old' and 'new' are the same keys"), std::string::npos) << text(result);
    EXPECT_TRUE(reader.instructions.empty());
  }
}

/// What two master keys make of a card's number is known only when the card is there.
TEST(RotationRefused, the_same_master_key_under_two_names_is_no_rotation) {
  for (const Story& story : {kBeside, kInPlace}) {
    Story diversified = story;
    diversified.from = {0x88, 0x30, kOld, "kdf3"};
    diversified.to = {0x88, story.to.version, kOld, "kdf3"};
    const Bench bench(diversified);
    const auto card = bench.card();
    WatchedReader reader(card);
    NotedKeys noted;
    const RunResult result = bench.rotate(reader, 1, &noted);
    ASSERT_TRUE(result.error);
    EXPECT_EQ(result.error->kind(), ErrorKind::usage) << text(result);
    EXPECT_EQ(reader.sent(kPutKey), 0);
    EXPECT_EQ(noted.announced, 0);
  }
}

TEST(RotationRefused, keys_of_another_size_do_not_go_into_the_place_of_the_old) {
  Bench bench(kInPlace);
  bench.sets["new"].key = std::string(kNew) + kNew;
  const auto card = bench.card();
  WatchedReader reader(card);
  const RunResult result = bench.rotate(reader);
  EXPECT_NE(text(result).find("same type and size"), std::string::npos) << text(result);
  EXPECT_TRUE(reader.instructions.empty());
}

/// The card with keys that are there besides, in the domain that the story is about.
std::string with_keys(const Bench& bench, const std::function<void(nlohmann::json& keys)>& change) {
  nlohmann::json memory = nlohmann::json::parse(bench.start);
  for (nlohmann::json& application : memory["applications"]) {
    if (!application.contains("sd")) continue;
    nlohmann::json& keys = application["sd"]["keys"];
    if (!keys.empty() && keys.size() == 3) change(keys);  // the ISD has two sets
  }
  return memory.dump();
}

nlohmann::json key_like(const nlohmann::json& key, int version, int type) {
  nlohmann::json out = key;
  out["version"] = version;
  out["parts"][0]["type"] = type;
  out["parts"][0]["value"] = kOther;
  return out;
}

/// Another host puts keys one by one, each in a command of its own, and was torn.
TEST(RotationHalfDone, one_or_two_keys_of_the_new_version_are_put_again_with_the_third) {
  for (const size_t there : {1, 2}) {
    Bench bench(kBeside);
    const auto whole = bench.card();
    WatchedReader untorn(whole);
    ASSERT_FALSE(bench.rotate(untorn).error);
    bench.start = with_keys(bench, [&](nlohmann::json& keys) {
      for (size_t id = 0; id < there; ++id) keys.push_back(key_like(keys[id], 0x31, 0x88));
    });
    WatchedReader counting(bench.card());
    const RunResult straight = bench.rotate(counting);
    ASSERT_FALSE(straight.error) << text(straight);
    for (unsigned k = 0; k < counting.instructions.size(); ++k) {
      for (const se::Tear when : {se::Tear::before, se::Tear::inside, se::Tear::after}) {
        const auto card = bench.card();
        WatchedReader reader(card);
        card->tear_next(when, k);
        EXPECT_TRUE(bench.rotate(reader).error);
        const RunResult result = bench.rotate(reader);
        EXPECT_FALSE(result.error) << "command " << k + 1 << ": " << text(result);
        EXPECT_EQ(card->state_digest_text(), whole->state_digest_text());
        EXPECT_EQ(reader.wrong_cryptograms, 0);
      }
    }
  }
}

TEST(RotationHalfDone, keys_that_are_for_something_else_are_left_alone) {
  const auto refused = [](const Bench& bench) {
    const auto card = bench.card();
    WatchedReader reader(card);
    const RunResult result = bench.rotate(reader);
    EXPECT_NE(text(result).find("that is none of 'new'"), std::string::npos) << text(result);
    EXPECT_EQ(card->state_digest_text(), bench.card()->state_digest_text());
  };
  Bench other_type(kBeside);
  other_type.start = with_keys(other_type, [](nlohmann::json& keys) { keys.push_back(key_like(keys[0], 0x31, 0x80)); });
  refused(other_type);

  Story dap = kBeside;
  dap.to.version = 0x73;
  Bench dap_key(dap);
  dap_key.start = with_keys(dap_key, [](nlohmann::json& keys) { keys.push_back(key_like(keys[0], 0x73, 0x88)); });
  refused(dap_key);
}

}  // namespace
}  // namespace cw::engine::test
