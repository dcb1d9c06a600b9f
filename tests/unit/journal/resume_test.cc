// Runs whose process was killed: another process takes them up, and the card ends as it would have.
#include <gtest/gtest.h>

#include "base/error.h"
#include "bench.h"

namespace cw::journal {
namespace {

using At = KillPoint::At;

const std::string kCap = std::string("cap=") + CW_SOURCE_DIR + "/tests/caps/wallet-1.0.cap";

struct InstallBench : Bench {
  InstallBench() { secrets = {{"holder", "Ada Lovelace"}, {"pin", "123456"}}; }
};

TEST(Resume, ARunThatWasNotKilledIsDoneAndItsJournalSaysSo) {
  InstallBench bench;
  const Bench::End end = bench.run("demo/install", {kCap});
  EXPECT_EQ(end.error, "");
  const auto store = bench.open_store();
  const OpenedJournal journal = open_journal(*store, end.id);
  EXPECT_EQ(journal.row.state, store::RunState::done);
  EXPECT_TRUE(journal.lines.ended);
  EXPECT_TRUE(journal.lines.in_doubt.empty());
  EXPECT_EQ(journal.row.attempts, 1);
}

TEST(Resume, ARunKilledAfterItsCommandWasAnsweredGoesOnWithAnotherAttempt) {
  InstallBench bench;
  const Bench::End killed = bench.run("demo/install", {kCap}, {At::answered, 5});
  ASSERT_TRUE(killed.killed);
  EXPECT_FALSE(open_journal(*bench.open_store(), killed.id).lines.in_doubt.empty());
  const Bench::End end = bench.resume(killed.id);
  EXPECT_EQ(end.error, "");
  EXPECT_EQ(end.attempts, 2U);
  EXPECT_EQ(bench.open_store()->runs().find(killed.id).state, store::RunState::done);
}

TEST(Resume, ARunKilledWhileItWaitsGoesOnInTheSameChannelIfTheCardKeptItsPower) {
  Bench bench;
  const std::string flow = bench.flow_file("waiting", R"(
    local isd = gp.open(run.card, { keys = "isd", level = "mac+enc" })
    isd:expect(apdu.command { cla = 0x80, ins = 0xCA, p1 = 0x00, p2 = 0xE0, le = 256 })
    clock.sleep(0.05)
    isd:expect(apdu.command { cla = 0x80, ins = 0xCA, p1 = 0x00, p2 = 0xE0, le = 256 }))");
  const Bench::End killed = bench.run(flow, {}, {At::committed, 4});
  ASSERT_TRUE(killed.killed) << killed.error;
  bench.host->forget();
  const Bench::End end = bench.resume(killed.id);
  EXPECT_EQ(end.error, "");
  EXPECT_EQ(end.attempts, 1U) << open_journal(*bench.open_store(), killed.id).lines.recorded;
  for (const Seen& seen : bench.host->seen()) EXPECT_EQ(seen.command.at(1), 0xCA);
}

TEST(Resume, ARunKilledWhileItWaitsBeginsAnAttemptIfTheCardLostItsPower) {
  Bench bench;
  const std::string flow = bench.flow_file("waiting", R"(
    local isd = gp.open(run.card, { keys = "isd", level = "mac+enc" })
    clock.sleep(0.05)
    isd:registry())");
  const Bench::End killed = bench.run(flow, {}, {At::committed, 2});
  ASSERT_TRUE(killed.killed) << killed.error;
  bench.host->power_off();
  const Bench::End end = bench.resume(killed.id);
  EXPECT_EQ(end.error, "");
  EXPECT_EQ(end.attempts, 2U);
}

}  // namespace
}  // namespace cw::journal
