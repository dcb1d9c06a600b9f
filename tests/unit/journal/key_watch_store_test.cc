// Key rotations as the store keeps them: what is written down, what decides, and which keys may not be lost meanwhile.
#include "journal/key_watch_store.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"
#include "stores.h"

namespace cw::journal {
namespace {

/// Remembers what it is told, as a store would.
class Remembered : public store::Rotations {
 public:
  void begin(const store::Rotation& rotation) override { all.push_back(rotation); }
  std::optional<store::Rotation> open(const std::string& card, const std::string& domain) override {
    for (const store::Rotation& one : all) {
      if (one.card == card && one.domain == domain && one.decided.empty()) return one;
    }
    return {};
  }
  void opened_with(const std::string& card, const std::string& domain, const store::KeyCandidate& keys) override {
    for (store::Rotation& one : all) {
      if (one.card != card || one.domain != domain) continue;
      if (one.after.set == keys.set && one.after.version == keys.version) one.decided = "after";
      if (one.before.set == keys.set && one.before.version == keys.version) one.decided = "before";
    }
  }
  std::vector<store::Rotation> list(bool with_decided) override {
    std::vector<store::Rotation> out;
    for (const store::Rotation& one : all) {
      if (with_decided || one.decided.empty()) out.push_back(one);
    }
    return out;
  }
  bool names(const std::string& set) override {
    for (const store::Rotation& one : list(false)) {
      if (one.before.set == set || one.after.set == set) return true;
    }
    return false;
  }

  std::vector<store::Rotation> all{};
};

const engine::KeyWatch::Place kDomain{"KDD-00000000000000000001", from_hex("F063617264770001")};

class StoreKeyWatchTest : public testing::Test {
 protected:
  Remembered rotations_;
  StoreKeyWatch watch_{rotations_, "run-7", [] { return int64_t{1'767'225'600'000}; }};
};

TEST_F(StoreKeyWatchTest, both_candidates_are_there_before_PUT_KEY) {
  watch_.about_to_put_keys(kDomain, {"demo.sd", 0x30}, {"demo.sd2", 0x31});
  const auto open = rotations_.open("KDD-00000000000000000001", "F063617264770001");
  ASSERT_TRUE(open);
  EXPECT_EQ(open->before.set, "demo.sd");
  EXPECT_EQ(open->before.version, 0x30);
  EXPECT_EQ(open->after.set, "demo.sd2");
  EXPECT_EQ(open->after.version, 0x31);
  EXPECT_EQ(open->run, "run-7");
  EXPECT_EQ(rotation_line(*open),
            "card KDD-00000000000000000001, domain F063617264770001: from 'demo.sd' (version 30) to 'demo.sd2' "
            "(version 31), run run-7, not decided");
}

TEST_F(StoreKeyWatchTest, a_channel_decides) {
  watch_.about_to_put_keys(kDomain, {"demo.sd", 0x30}, {"demo.sd2", 0x31});
  watch_.channel_opened({kDomain.card, {}}, {"demo.sd2", 0x31});
  EXPECT_TRUE(rotations_.names("demo.sd2")) << "the ISD is another domain";
  watch_.channel_opened(kDomain, {"demo.sd2", 0x31});
  EXPECT_FALSE(rotations_.names("demo.sd2"));
}

/// "" if it may be destroyed.
std::string loses(store::Store& store, const std::string& set) {
  return store::refusal([&] { refuse_to_lose(store, set); });
}

class KeysThatAreNeeded : public store::OnStore {};

TEST_P(KeysThatAreNeeded, by_a_card_that_may_hold_them_are_not_destroyed) {
  const auto store = open();
  StoreKeyWatch watch(store->rotations(), "run-7", [] { return int64_t{1'767'225'600'000}; });
  EXPECT_EQ(loses(*store, "demo.sd"), "");
  watch.about_to_put_keys({kDomain.card, {}}, {"demo.sd", 0x30}, {"demo.sd2", 0x31});
  for (const char* set : {"demo.sd", "demo.sd2"}) {
    const std::string said = loses(*store, set);
    EXPECT_EQ(said.find("usage: destroying key set '"), 0U) << said;
    EXPECT_NE(said.find("the ISD: from 'demo.sd' (version 30)"), std::string::npos) << said;
  }
  EXPECT_EQ(loses(*store, "isd"), "");
  watch.channel_opened({kDomain.card, {}}, {"demo.sd", 0x30});
  EXPECT_EQ(loses(*store, "demo.sd2"), "");
}

TEST_P(KeysThatAreNeeded, by_a_run_that_is_not_over_are_not_destroyed) {
  const auto store = open();
  store::Lease lease = begin(*store);
  store::RunChange opens;
  opens.keys = {{"demo.sd", 0x30}};
  store->runs().append(lease, to_bytes("next open"), opens);
  const std::string said = loses(*store, "demo.sd");
  EXPECT_EQ(said.find("usage: destroying key set 'demo.sd': run " + lease.run() + " is not over"), 0U) << said;
  EXPECT_EQ(loses(*store, "isd"), "");
  const auto custody = crypto::FileKeyStore::parse(Secret(), "nothing");
  const std::vector<store::NamedKeys> lost = {{"demo.sd", 0x30}};
  EXPECT_EQ(lost_keys(*store, lease.run(), custody), lost);
  EXPECT_EQ(keys_text(lost[0]), "key set 'demo.sd', version 30");
  store::RunChange ends;
  ends.state = store::RunState::done;
  store->runs().append(lease, to_bytes("end"), ends);
  EXPECT_EQ(loses(*store, "demo.sd"), "");
}

INSTANTIATE_TEST_SUITE_P(On, KeysThatAreNeeded, store::both_engines(), store::engine_name);

}  // namespace
}  // namespace cw::journal
