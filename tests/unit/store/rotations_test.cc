#include "store/rotations.h"

#include <atomic>
#include <thread>

#include "engines.h"
#include "store/ledgers.h"

namespace cw::store {
namespace {

constexpr const char* kCard = "4790 0001";
constexpr const char* kDomain = "A000000151000000";

Rotation rotation(const std::string& run = "run 1") {
  return {kCard, kDomain, {"acme.old", 0x30}, {"acme.new", 0x31}, run, 1000, ""};
}

class RotationStories : public OnEngine {
 protected:
  void SetUp() override {
    OnEngine::SetUp();
    if (IsSkipped()) return;
    database_ = database_with_tables();
    rotations_ = make_rotations(*database_);
  }

  std::string decided() { return rotations_->list(true).at(0).decided; }

  std::unique_ptr<Database> database_;
  std::unique_ptr<Rotations> rotations_;
};

TEST_P(RotationStories, BothCandidatesAreThereUntilItIsDecided) {
  EXPECT_FALSE(rotations_->open(kCard, kDomain));
  rotations_->begin(rotation());
  const std::optional<Rotation> open = rotations_->open(kCard, kDomain);
  ASSERT_TRUE(open);
  EXPECT_EQ(open->before.set, "acme.old");
  EXPECT_EQ(open->before.version, 0x30);
  EXPECT_EQ(open->after.set, "acme.new");
  EXPECT_EQ(open->after.version, 0x31);
  EXPECT_EQ(open->run, "run 1");
  EXPECT_EQ(open->begun, 1000);
  EXPECT_TRUE(rotations_->names("acme.old"));
  EXPECT_TRUE(rotations_->names("acme.new"));
  EXPECT_FALSE(rotations_->names("acme"));
  EXPECT_FALSE(rotations_->open(kCard, ""));
  EXPECT_FALSE(rotations_->open("4790 0002", kDomain));

  rotations_->opened_with(kCard, kDomain, {"acme.new", 0x31});
  EXPECT_EQ(decided(), "after");
  EXPECT_FALSE(rotations_->open(kCard, kDomain));
  EXPECT_FALSE(rotations_->names("acme.old"));
  EXPECT_TRUE(rotations_->list(false).empty());
}

TEST_P(RotationStories, AChannelWithTheOldKeysShowsThatTheyAreStillThere) {
  rotations_->begin(rotation());
  rotations_->opened_with(kCard, kDomain, {"acme.old", 0x30});
  EXPECT_EQ(decided(), "before");
  rotations_->begin(rotation("run 2"));
  EXPECT_EQ(rotations_->list(true).size(), 2U);
  EXPECT_EQ(rotations_->open(kCard, kDomain)->run, "run 2");
}

TEST_P(RotationStories, WhatDoesNotTellTheTwoApartDecidesNothing) {
  Rotation same_set = rotation();
  same_set.after = {"acme.old", 0x31};
  rotations_->begin(same_set);
  rotations_->opened_with(kCard, kDomain, {"other", 0x30});
  rotations_->opened_with(kCard, "", {"acme.old", 0x31});
  rotations_->opened_with("4790 0002", kDomain, {"acme.old", 0x31});
  rotations_->opened_with(kCard, kDomain, {"acme.old", 0});
  EXPECT_EQ(decided(), "");
  rotations_->opened_with(kCard, kDomain, {"acme.old", 0x31});
  EXPECT_EQ(decided(), "after");
}

TEST_P(RotationStories, ASetIsTakenForTheOtherWhereTheVersionStaysOrIsNotKnown) {
  Rotation rotated = rotation();
  rotated.after.version = 0x30;
  rotations_->begin(rotated);
  rotations_->opened_with(kCard, kDomain, {"acme.new", 0});
  EXPECT_EQ(decided(), "after");
}

TEST_P(RotationStories, BeginningTheSameAgainChangesNothing) {
  rotations_->begin(rotation());
  Rotation later = rotation("run 2");
  later.begun = 2000;
  rotations_->begin(later);
  ASSERT_EQ(rotations_->list(true).size(), 1U);
  EXPECT_EQ(rotations_->open(kCard, kDomain)->run, "run 1");
}

TEST_P(RotationStories, AnotherOneIsRefusedWhileOneIsOpen) {
  rotations_->begin(rotation());
  Rotation other = rotation("run 2");
  other.after.set = "acme.newer";
  EXPECT_EQ(refusal([&] { rotations_->begin(other); }),
            "usage: rotating keys of card 4790 0001, domain A000000151000000: another rotation is open, of run run 1, "
            "from key set acme.old, version 30 to key set acme.new, version 31; open a channel with either first, "
            "which shows what the card holds");
  other.domain = "";
  rotations_->begin(other);
  EXPECT_EQ(rotations_->list(false).size(), 2U);
}

TEST_P(RotationStories, ADomainThatHadNoKeysHasOneCandidate) {
  Rotation first = rotation();
  first.before = {};
  rotations_->begin(first);
  rotations_->opened_with(kCard, kDomain, {"acme.new", 0x31});
  EXPECT_EQ(decided(), "after");
}

TEST_P(RotationStories, OfNodesThatBeginAtTheSameTimeOneDoes) {
  constexpr int kNodes = 4;
  std::atomic<int> begun{0};
  std::vector<std::thread> nodes;
  for (int node = 0; node < kNodes; ++node) {
    nodes.emplace_back([this, &begun, node] {
      const std::unique_ptr<Database> own = database();
      Rotation mine = rotation("run " + std::to_string(node));
      mine.after.set = "set " + std::to_string(node);
      if (refusal([&] { make_rotations(*own)->begin(mine); }).empty()) ++begun;
    });
  }
  for (std::thread& node : nodes) node.join();
  EXPECT_EQ(begun, 1);
  EXPECT_EQ(rotations_->list(true).size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(On, RotationStories, both_engines(), engine_name);

}  // namespace
}  // namespace cw::store
