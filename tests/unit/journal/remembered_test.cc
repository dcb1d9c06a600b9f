// What a run knows of itself is known to the process that takes it up: key sets that the card refused, what was sent
// and waited for, the seed of its random numbers, the keys that it needs.
#include <gtest/gtest.h>

#include "base/error.h"
#include "bench.h"

namespace cw::journal {
namespace {

using At = KillPoint::At;
using std::chrono::milliseconds;

const char* const kTwoSets = R"(needs = { keys = { "isd", "demo.sd" } },)";

/// Tries a key set that the card does not have, and then the one that it has.
std::string wrong_then_right(const Bench& bench, const std::string& between) {
  return bench.flow_file("wrong", R"(
    local opened, why = pcall(gp.open, run.card, { keys = "demo.sd", level = "mac" })
    assert(not opened)
    )" + between + R"(
    gp.open(run.card, { keys = "isd", level = "mac" })
    if why.kind == "budget" then error(why) end)",
                         kTwoSets);
}

int handshakes(const Bench& bench) {
  int count = 0;
  for (const Seen& seen : bench.host->seen()) count += seen.command.size() > 1 && seen.command[1] == 0x50 ? 1 : 0;
  return count;
}

StoreJournal::TakenUp take_up(const Bench& bench, const std::string& id) {
  return StoreJournal::take_up(
      bench.open_store(), id, [](milliseconds) { return true; }, "test");
}

TEST(Remembered, AKeySetThatTheCardRefusedIsNotTriedAgainByTheProcessThatTakesTheRunUp) {
  Bench bench;
  const std::string flow = wrong_then_right(bench, "clock.sleep(0.05)");
  const Bench::End killed = bench.run(flow, {}, {At::committed, 2});
  ASSERT_TRUE(killed.killed) << killed.error;
  EXPECT_EQ(handshakes(bench), 1);
  bench.host->power_off();
  const Bench::End end = bench.resume(killed.id);
  EXPECT_NE(end.error.find("key set 'demo.sd' was refused before in this run"), std::string::npos) << end.error;
  EXPECT_EQ(handshakes(bench), 2);  // the other one is with keys that the card has
}

TEST(Remembered, NotEvenIfItsProcessDiedBeforeTheAnswerWasWritten) {
  Bench bench;
  const std::string flow = wrong_then_right(bench, "");
  const Bench::End killed = bench.run(flow, {}, {At::before_intent, 3});
  ASSERT_TRUE(killed.killed) << killed.error;
  const Bench::End end = bench.resume(killed.id);
  EXPECT_NE(end.error.find("key set 'demo.sd' was refused before in this run"), std::string::npos) << end.error;
  EXPECT_EQ(handshakes(bench), 2);
}

TEST(Remembered, WhatAnAttemptThatWasLostHadWaitedAndSentCountsForTheRun) {
  Bench bench;
  const std::string flow = bench.flow_file("waits", R"(
    local data = apdu.command { cla = 0x80, ins = 0xCA, p1 = 0x00, p2 = 0xE0, le = 256 }
    run.card:send(data)
    clock.sleep(0.25)
    run.card:send(data)
    run.card:send(data))");
  const Bench::End killed = bench.run(flow, {}, {At::sent, 4});
  ASSERT_TRUE(killed.killed) << killed.error;
  const StoreJournal::TakenUp taken = take_up(bench, killed.id);
  EXPECT_FALSE(taken.setup.past->attempt);
  EXPECT_EQ(taken.setup.past->waited, milliseconds(250));
  EXPECT_EQ(taken.setup.past->commands, 2U);
}

TEST(Remembered, AWaitIsNoLongerThanItWasToBeWhateverBecomesOfTheClock) {
  Bench bench;
  const std::string flow = bench.flow_file("waits", R"(
    clock.sleep(0.05)
    run.card:send(apdu.command { cla = 0x80, ins = 0xCA, p1 = 0x00, p2 = 0xE0, le = 256 })
    clock.sleep(3600))");
  const Bench::End killed = bench.run(flow, {}, {At::committed, 2});
  ASSERT_TRUE(killed.killed) << killed.error;
  const auto at = [&](int64_t wake) {
    bench.open_store()->database().run({"UPDATE runs SET wake = $1, holder = ''", {wake}});
    const StoreJournal::TakenUp taken = take_up(bench, killed.id);
    EXPECT_TRUE(taken.setup.past->attempt);
    EXPECT_EQ(taken.setup.past->waited + taken.setup.past->left, milliseconds(3'600'000));
    return taken.setup.past->left;
  };
  constexpr int64_t kYear2100 = 4'102'444'800'000;
  EXPECT_EQ(at(kYear2100), milliseconds(3'600'000));  // the clock was put back
  EXPECT_EQ(at(1), milliseconds(0));                  // or ahead: what was waited for is over
}

TEST(Remembered, ARunWithASeedDrawsTheSameNumbersAsIfNobodyHadKilledIt) {
  Bench bench;
  bench.seed = 7;
  const std::string flow = bench.flow_file("draws", R"(
    local data = apdu.command { cla = 0x80, ins = 0xCA, p1 = 0x00, p2 = 0xE0, le = 256 }
    for _ = 1, 3 do
      clock.now()
      random.bytes(5)
      run.card:send(data)
      clock.sleep(0.05)
    end)");
  const Bench::End whole = bench.run(flow, {});
  EXPECT_EQ(whole.error, "");
  const Bench::End killed = bench.run(flow, {}, {At::committed, 3});
  ASSERT_TRUE(killed.killed) << killed.error;
  EXPECT_EQ(bench.resume(killed.id).error, "");
  const auto store = bench.open_store();
  EXPECT_EQ(open_journal(*store, killed.id).lines.recorded, open_journal(*store, whole.id).lines.recorded);
}

TEST(Remembered, KeysThatARunNeedsAreNamedWithTheIntentAndUntilItIsOver) {
  Bench bench;
  const std::string flow = bench.flow_file("opens", R"(gp.open(run.card, { keys = "isd", level = "mac" }))");
  const Bench::End killed = bench.run(flow, {}, {At::after_intent, 2});
  ASSERT_TRUE(killed.killed) << killed.error;
  const auto store = bench.open_store();
  ASSERT_EQ(store->runs().holders_of("isd").size(), 1U);
  EXPECT_EQ(store->runs().holders_of("isd")[0].run, killed.id);
  EXPECT_EQ(bench.resume(killed.id).error, "");
  EXPECT_TRUE(store->runs().holders_of("isd").empty());
}

TEST(Remembered, KeysThatARunPutsOntoACardAreNamedToo) {
  Bench bench;
  const std::string flow = bench.flow_file("puts", R"(
    local isd = gp.open(run.card, { keys = "isd", level = "mac+enc" })
    isd:put_key("demo.sd2", 0x31))",
                                           R"(needs = { keys = { "isd", "demo.sd2" } },)");
  const Bench::End killed = bench.run(flow, {}, {At::after_intent, 3});
  ASSERT_TRUE(killed.killed) << killed.error;
  EXPECT_EQ(bench.open_store()->runs().holders_of("demo.sd2").size(), 1U);
}

}  // namespace
}  // namespace cw::journal
