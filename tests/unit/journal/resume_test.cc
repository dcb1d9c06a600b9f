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
  const Bench::End killed = bench.run(flow, {}, {At::committed, 3});
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

TEST(Resume, ARunThatWasStoppedWithCtrlCGoesOnInTheSameChannel) {
  Bench bench;
  const std::string flow = bench.flow_file("stopped", R"(
    local isd = gp.open(run.card, { keys = "isd", level = "mac+enc+rmac" })
    for i = 1, 4 do
      isd:expect(apdu.command { cla = 0x80, ins = 0xCA, p1 = 0x00, p2 = 0xE0, le = 256 })
    end)");
  const Bench::End stopped = bench.run(flow, {}, {At::answered, 4, 1, SIGINT});
  EXPECT_NE(stopped.error.find("stopped before the next command"), std::string::npos) << stopped.error;
  EXPECT_TRUE(stopped.can_resume);
  EXPECT_TRUE(open_journal(*bench.open_store(), stopped.id).lines.in_doubt.empty());
  bench.host->forget();
  const Bench::End end = bench.resume(stopped.id);
  EXPECT_EQ(end.error, "");
  EXPECT_EQ(end.attempts, 1U);
  EXPECT_EQ(bench.host->seen().size(), 2U) << "what was answered is not asked again";
}

TEST(Resume, AnotherCardInTheReaderIsNotGivenWhatARunBegan) {
  InstallBench bench;
  bench.budgets = true;
  const Bench::End killed = bench.run("demo/install", {kCap}, {At::answered, 5});
  ASSERT_TRUE(killed.killed);
  const std::string memory = bench.card->save();
  const se::Flavor first = bench.flavor;
  bench.flavor.cplc[15] ^= 1;
  bench.put_in();
  const Bench::End end = bench.resume(killed.id);
  EXPECT_NE(end.error.find("and the run is on"), std::string::npos) << end.error;
  bench.flavor = first;
  bench.put_in(memory);
  EXPECT_EQ(bench.resume(killed.id).error, "");
}

}  // namespace
}  // namespace cw::journal
