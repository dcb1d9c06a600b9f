#include "store/outbox.h"

#include <set>
#include <thread>

#include "engines.h"
#include "store/ledgers.h"

namespace cw::store {
namespace {

Parcel parcel(const std::string& key, int64_t due = 100) {
  Parcel out;
  out.key = key;
  out.run = "run 1";
  out.name = "result";
  out.url = "https://backend/results";
  out.call = to_bytes("sealed " + key);
  out.created = 50;
  out.due = due;
  return out;
}

class Outboxes : public OnEngine {
 protected:
  void SetUp() override {
    OnEngine::SetUp();
    if (IsSkipped()) return;
    database_ = database_with_tables();
    other_database_ = database();
    outbox_ = make_outbox(*database_);
    other_ = make_outbox(*other_database_);
  }

  static std::string key_of(const std::optional<Parcel>& taken) { return taken ? taken->key : ""; }

  std::unique_ptr<Database> database_, other_database_;
  std::unique_ptr<Outbox> outbox_, other_;
};

TEST_P(Outboxes, AParcelIsTakenWhenItIsDueWithAllThatWasPutIn) {
  outbox_->put(parcel("a"));
  EXPECT_FALSE(outbox_->take(99, 1000));
  const std::optional<Parcel> taken = outbox_->take(100, 1000);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->key, "a");
  EXPECT_EQ(taken->run, "run 1");
  EXPECT_EQ(taken->name, "result");
  EXPECT_EQ(taken->url, "https://backend/results");
  EXPECT_EQ(taken->call, to_bytes("sealed a"));
  EXPECT_EQ(taken->created, 50);
  EXPECT_EQ(taken->tries, 1);
}

TEST_P(Outboxes, PuttingItInAgainChangesNothing) {
  outbox_->put(parcel("a"));
  outbox_->take(100, 1000);
  outbox_->delivered("a");
  outbox_->put(parcel("a"));
  EXPECT_FALSE(outbox_->take(100'000, 1000));
  EXPECT_EQ(outbox_->list(true).size(), 1U);
}

TEST_P(Outboxes, TheOneThatIsDueFirstGoesFirst) {
  outbox_->put(parcel("late", 300));
  outbox_->put(parcel("early", 200));
  EXPECT_EQ(key_of(outbox_->take(300, 1000)), "early");
  EXPECT_EQ(key_of(outbox_->take(300, 1000)), "late");
  EXPECT_EQ(key_of(outbox_->take(300, 1000)), "");
}

TEST_P(Outboxes, NobodyElseGetsAParcelThatIsHeldAndAnybodyThatOfADeadNode) {
  outbox_->put(parcel("a"));
  ASSERT_TRUE(outbox_->take(100, 1000));
  EXPECT_FALSE(other_->take(1099, 1000));
  const std::optional<Parcel> again = other_->take(1100, 1000);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->tries, 2);
}

TEST_P(Outboxes, ANodeThatWasTooSlowDoesNotTakeAParcelAwayFromTheNext) {
  outbox_->put(parcel("a"));
  outbox_->take(100, 1000);
  ASSERT_TRUE(other_->take(1100, 1000));
  outbox_->failed("a", 0, "timeout", true);
  EXPECT_FALSE(outbox_->take(1200, 1000));
  EXPECT_FALSE(outbox_->list(true).at(0).given_up);
  // But where it was delivered after all, it was.
  outbox_->delivered("a");
  other_->failed("a", 0, "409", false);
  EXPECT_TRUE(outbox_->list(true).at(0).delivered);
  EXPECT_FALSE(other_->take(100'000, 1000));
}

TEST_P(Outboxes, WhatFailedIsTriedAgainWhenItIsDue) {
  outbox_->put(parcel("a"));
  outbox_->take(100, 1000);
  outbox_->failed("a", 500, "503", false);
  EXPECT_EQ(outbox_->list(false).at(0).error, "503");
  EXPECT_FALSE(other_->take(499, 1000));
  EXPECT_EQ(key_of(other_->take(500, 1000)), "a");
}

TEST_P(Outboxes, WhatAClockThatRanAheadPutOffIsTriedNowAndWhatIsHeldByOneALittleAheadIsNot) {
  constexpr int64_t kHour = 3'600'000;
  constexpr int64_t kTomorrow = 24 * kHour;
  outbox_->put(parcel("a"));
  ASSERT_TRUE(outbox_->take(kTomorrow, 1000));
  outbox_->failed("a", kTomorrow + kHour, "503", false);
  EXPECT_EQ(key_of(outbox_->take(1000, 1000)), "a");
  outbox_->failed("a", 1000 + kHour, "503", false);
  EXPECT_FALSE(outbox_->take(1000, 1000)) << "an hour is a pause as any";
  outbox_->put(parcel("b"));
  ASSERT_EQ(key_of(other_->take(1'900, 1000)), "b");
  EXPECT_FALSE(outbox_->take(1000, 1000));
  // One that is held since tomorrow is not: who held it has another clock by now, or is dead.
  other_->failed("b", 100, "503", false);
  ASSERT_EQ(key_of(other_->take(kTomorrow, 1000)), "b");
  EXPECT_EQ(key_of(outbox_->take(1000, 1000)), "b");
}

TEST_P(Outboxes, WhatWasGivenUpWaitsForAPerson) {
  outbox_->put(parcel("a"));
  outbox_->take(100, 1000);
  outbox_->failed("a", 0, "400", true);
  constexpr int64_t kLongAfter = int64_t{1} << 60;
  EXPECT_FALSE(outbox_->take(kLongAfter, 1000));
  EXPECT_TRUE(outbox_->list(false).at(0).given_up);
  outbox_->retry("a");
  EXPECT_EQ(key_of(outbox_->take(kLongAfter, 1000)), "a");
  outbox_->delivered("a");
  EXPECT_EQ(refusal([&] { outbox_->retry("a"); }),
            "usage: trying parcel a again: none with that key waits or was given up; see them with: cardwright outbox "
            "list");
  EXPECT_NE(refusal([&] { outbox_->retry("b"); }), "");
}

TEST_P(Outboxes, WhatIsDueLaterIsTakenNowIfAPersonWantsIt) {
  constexpr int64_t kLongAfter = int64_t{1} << 60;
  outbox_->put(parcel("a"));
  outbox_->take(100, 1000);
  outbox_->failed("a", kLongAfter, "503", false);
  EXPECT_FALSE(outbox_->take(kLongAfter - 1, 1000));
  outbox_->retry("a");
  EXPECT_EQ(key_of(outbox_->take(kLongAfter - 1, 1000)), "a");
  // But who has it keeps it.
  outbox_->retry("a");
  EXPECT_FALSE(outbox_->take(kLongAfter - 1, 1000));
}

TEST_P(Outboxes, WhatIsLeftIsCountedOfOneRunOrOfAll) {
  EXPECT_EQ(outbox_->left().waiting, 0);
  EXPECT_EQ(outbox_->left().next, 0);
  Parcel other = parcel("b", 400);
  other.run = "run 2";
  for (const Parcel& one : {parcel("a", 300), other, parcel("c", 100), parcel("d", 200)}) outbox_->put(one);
  EXPECT_EQ(outbox_->left().waiting, 4);
  outbox_->take(100, 1000);
  outbox_->failed("c", 0, "400", true);
  outbox_->take(200, 50);
  EXPECT_EQ(outbox_->left().waiting, 3);
  EXPECT_EQ(outbox_->left().given_up, 1);
  EXPECT_EQ(outbox_->left().next, 250);
  outbox_->delivered("d");
  EXPECT_EQ(outbox_->left("run 2").waiting, 1);
  EXPECT_EQ(outbox_->left("run 2").next, 400);
  EXPECT_EQ(outbox_->left("run 3").waiting, 0);
}

TEST_P(Outboxes, ARunCanTakeItsOwn) {
  Parcel other = parcel("b");
  other.run = "run 2";
  outbox_->put(parcel("a"));
  outbox_->put(other);
  EXPECT_EQ(key_of(outbox_->take(100, 1000, "run 2")), "b");
  EXPECT_FALSE(outbox_->take(100, 1000, "run 2"));
  EXPECT_EQ(key_of(outbox_->take(100, 1000)), "a");
}

TEST_P(Outboxes, WhatWasDeliveredIsListedWithoutItsCall) {
  outbox_->put(parcel("a"));
  outbox_->put(parcel("b"));
  outbox_->take(100, 1000);
  outbox_->delivered("a");
  EXPECT_EQ(outbox_->list(false).size(), 1U);
  const Parcel delivered = outbox_->list(true).at(0);
  EXPECT_EQ(delivered.key, "a");
  EXPECT_TRUE(delivered.delivered);
  EXPECT_TRUE(delivered.call.empty());
}

TEST_P(Outboxes, NodesThatTakeAtTheSameTimeNeverTakeTheSame) {
  constexpr int kNodes = 4, kParcels = 40;
  for (int i = 0; i < kParcels; ++i) outbox_->put(parcel("parcel " + std::to_string(i)));
  std::vector<std::vector<std::string>> taken(kNodes);
  std::vector<std::thread> nodes;
  for (int node = 0; node < kNodes; ++node) {
    nodes.emplace_back([this, &mine = taken[static_cast<size_t>(node)]] {
      const std::unique_ptr<Database> own = database();
      const std::unique_ptr<Outbox> outbox = make_outbox(*own);
      while (const std::optional<Parcel> got = outbox->take(100, 1000)) mine.push_back(got->key);
    });
  }
  for (std::thread& node : nodes) node.join();
  std::set<std::string> all;
  size_t count = 0;
  for (const auto& mine : taken) {
    all.insert(mine.begin(), mine.end());
    count += mine.size();
  }
  EXPECT_EQ(count, static_cast<size_t>(kParcels));
  EXPECT_EQ(all.size(), static_cast<size_t>(kParcels));
}

INSTANTIATE_TEST_SUITE_P(On, Outboxes, both_engines(), engine_name);

}  // namespace
}  // namespace cw::store
