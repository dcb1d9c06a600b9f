// What the audit has of a run beside its journal: what was refused, and what the journal came to.
#include <fstream>

#include <gtest/gtest.h>

#include "base/error.h"
#include "bench.h"
#include "journal/store_budget.h"

namespace cw::journal {
namespace {

using At = KillPoint::At;

class EvidenceOn : public ::testing::TestWithParam<Bench::On> {
 protected:
  void SetUp() override {
    if (GetParam() == Bench::On::postgres && ::getenv("CW_TEST_POSTGRES") == nullptr) GTEST_SKIP() << "no server";
  }
  /// Records of this action about the run: "name=value ...".
  static std::vector<std::string> said(store::Store& store, const std::string& action, const std::string& run) {
    std::vector<std::string> out;
    for (const store::AuditRecord& record : store.audit().list(1, 0)) {
      if (record.entry.action != action || record.entry.subject != run) continue;
      EXPECT_EQ(record.entry.actor, "test");
      std::string line;
      for (const auto& [name, value] : record.entry.details) line += (line.empty() ? "" : ", ") + name + "=" + value;
      out.push_back(line);
    }
    return out;
  }
  static std::vector<std::string> broken(store::Store& store) { return store.check_journals().broken; }
};

TEST_P(EvidenceOn, WhatThePolicyRefusesIsInTheAuditWithItsRuleAndNothingElse) {
  Bench bench("generic", GetParam());
  const std::string flow = bench.flow_file("refused", R"(
    local isd = gp.open(run.card, { keys = "isd" })
    for i = 1, 3 do
      pcall(function() isd:expect(apdu.command { cla = 0x80, ins = 0xE4, p1 = 0, p2 = 0, data = hex"4F08A000000151000000" }) end)
    end
    pcall(function() http.request { url = "https://elsewhere.test/Ada-Lovelace" } end)
    pcall(function() run.card:send(apdu.command { cla = 0x80, ins = 0x50, data = hex"0011223344556677", le = 256 }) end)
    keys.info("Ada-Lovelace"))");
  const Bench::End end = bench.run(flow, {});
  EXPECT_EQ(end.error.substr(0, 7), "policy:") << end.error;
  const auto store = bench.open_store();
  const std::vector<std::string> expected = {
      "what=DELETE, aid=A000000151000000, flow=refused, policy=bench, because=rules[1]: the ISD stays",
      "what=calling a backend, aid=, flow=refused, policy=bench, because=the flow did not declare it in needs.backends",
      "what=INITIALIZE UPDATE, aid=, flow=refused, policy=bench, because=authentications have a budget, and go by "
      "Card:open_channel alone",
      "what=using a key set, aid=, flow=refused, policy=bench, because=the flow did not declare it in needs.keys"};
  EXPECT_EQ(said(*store, "refused", end.id), expected) << "each once, however often it was tried";
}

TEST_P(EvidenceOn, WhatWasRefusedBeforeAProcessDiedIsNotToldAgainWhenTheAttemptIsBuiltAgain) {
  Bench bench("generic", GetParam());
  const std::string flow = bench.flow_file("refused", R"(
    local isd = gp.open(run.card, { keys = "isd" })
    pcall(function() isd:expect(apdu.command { cla = 0x80, ins = 0xE4, p1 = 0, p2 = 0, data = hex"4F08A000000151000000" }) end)
    isd:expect(apdu.command { cla = 0x80, ins = 0xCA, p1 = 0x00, p2 = 0xE0, le = 256 })
    clock.sleep(0.05)
    isd:expect(apdu.command { cla = 0x80, ins = 0xCA, p1 = 0x00, p2 = 0xE0, le = 256 }))");
  const Bench::End killed = bench.run(flow, {}, {At::committed, 3});
  ASSERT_TRUE(killed.killed) << killed.error;
  const Bench::End end = bench.resume(killed.id);
  EXPECT_EQ(end.error, "");
  EXPECT_EQ(end.attempts, 1U);
  EXPECT_EQ(said(*bench.open_store(), "refused", end.id).size(), 1U);
  EXPECT_EQ(broken(*bench.open_store()), std::vector<std::string>{});
}

TEST_P(EvidenceOn, AFlowThatThePolicyDoesNotAllowIsInTheAudit) {
  Bench bench("generic", GetParam());
  const std::string file = (bench.folder / "none.lua").string();
  std::ofstream(file) << "return { name = 'none', api = 1, allow = { flows = {} } }\n";
  bench.policy = engine::Policy::load(file, *bench.bundle);
  const auto store = bench.open_store();
  HostedReader reader(-1);
  engine::RunSetup setup = bench.setup("demo/inventory", {}, reader);
  const auto journal = StoreJournal::begin(store, setup, {}, "test");
  setup.journal = journal.get();
  EXPECT_THROW(engine::Run(std::move(setup)), Error);
  const auto records = said(*store, "refused", journal->id());
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].find("what=the flow, aid=, flow=demo/inventory, policy=none, because=its name matches none"), 0U)
      << records[0];
}

TEST_P(EvidenceOn, WhatABudgetRefusesIsInTheAuditWithCardDomainVersionAndCounts) {
  Bench bench("generic", GetParam());
  const auto store = bench.open_store();
  StoreBudget budget(store, "run 3", "test");
  const std::vector<engine::BudgetAccount> isd = {{"CA4D01", {}, "", 0x30}};
  for (int i = 0; i < 2; ++i) {
    StoreBudget other(store, "run " + std::to_string(i));
    const std::string charge = other.charge(engine::Charge::authentication, isd, {});
    other.settle(charge, engine::ChargeOutcome::refused, isd, false);
  }
  for (int i = 0; i < 2; ++i) EXPECT_THROW(budget.charge(engine::Charge::authentication, isd, {}), Error);
  const std::vector<engine::BudgetAccount> loads = {{"CA4D01", {}, "", 0}};
  const std::string charge = budget.charge(engine::Charge::content, loads, {1, 1});
  budget.settle(charge, engine::ChargeOutcome::lost, loads, false);
  EXPECT_THROW(budget.charge(engine::Charge::content, loads, {1, 1}), Error);
  EXPECT_EQ(said(*store, "refused", "run 3"),
            (std::vector<std::string>{
                "what=opening a secure channel, card=CA4D01, domain=ISD, key version=30, because=2 refused of 2, 0 "
                "without an answer of 5",
                "what=loading or installing, card=CA4D01, domain=ISD, key version=any, because=0 refused of 1, 1 "
                "without an answer of 1"}));
}

TEST_P(EvidenceOn, OfABudgetsRefusalsOneProcessWritesAHundredForOneRun) {
  Bench bench("generic", GetParam());
  const auto store = bench.open_store();
  StoreBudget budget(store, "run 1", "test");
  for (int i = 0; i < 130; ++i) {
    budget.refused(engine::Charge::content, {"CA4D01", {}, "", 0}, "reason " + std::to_string(i));
  }
  EXPECT_EQ(said(*store, "refused", "run 1").size(), 100U);
}

TEST_P(EvidenceOn, ARunThatIsStuckStaysSoWhereTakingItUpCannotBeToldToTheAudit) {
  Bench bench("generic", GetParam());
  const auto store = bench.open_store();
  std::string run;
  {
    HostedReader reader(-1);
    const auto journal = StoreJournal::begin(store, bench.setup("demo/inventory", {}, reader), {}, "test");
    run = journal->id();
    journal->attempt(1);
    journal->finished(Error(ErrorKind::reader, "no card"), engine::RunJournal::End::stuck);
  }
  const auto take_up = [&] {
    return StoreJournal::take_up(
        store, run, [](std::chrono::milliseconds) { return true; }, "test");
  };
  const size_t frames = store->runs().frames(run).size();
  store->database().run({"ALTER TABLE audit RENAME TO hidden", {}});
  EXPECT_THROW(take_up(), Error);
  store->database().run({"ALTER TABLE hidden RENAME TO audit", {}});
  EXPECT_EQ(store->runs().find(run).state, store::RunState::stuck);
  EXPECT_EQ(store->runs().frames(run).size(), frames);
  EXPECT_EQ(broken(*store), std::vector<std::string>{});
  take_up();
  EXPECT_EQ(store->runs().find(run).state, store::RunState::running);
  EXPECT_EQ(broken(*store), std::vector<std::string>{});
}

TEST_P(EvidenceOn, AKeySetThatWasRefusedInThisRunIsNotTriedAgainAndTheAuditSaysSo) {
  Bench bench("generic", GetParam());
  bench.budgets = true;
  const std::string wrong =
      "gp.open(run.card, { keys = 'demo.sd', version = " + std::to_string(bench.flavor.keys.front().version) + " })";
  const std::string flow =
      bench.flow_file("wrong", "pcall(function() " + wrong + " end)\n" + wrong, R"(needs = { keys = { "demo.sd" } },)");
  const Bench::End end = bench.run(flow, {});
  EXPECT_EQ(end.error.substr(0, 7), "budget:") << end.error;
  bool told = false;
  for (const store::AuditRecord& record : bench.open_store()->audit().list(1, 0)) {
    told = told || (record.entry.action == "refused" &&
                    record.entry.details.back().second == "a key set that was refused before in this run");
  }
  EXPECT_TRUE(told);
}

TEST_P(EvidenceOn, ARunThatEndedLeavesWhatItsJournalCameTo) {
  Bench bench("generic", GetParam());
  const Bench::End killed = bench.run("demo/inventory", {}, {At::answered, 4});
  ASSERT_TRUE(killed.killed);
  EXPECT_EQ(broken(*bench.open_store()), std::vector<std::string>{});
  const Bench::End end = bench.resume(killed.id);
  EXPECT_EQ(end.error, "");
  const auto store = bench.open_store();
  const auto ended = said(*store, "run ended", end.id);
  ASSERT_EQ(ended.size(), 1U);
  const std::string frames = std::to_string(store->runs().find(end.id).frames);
  EXPECT_EQ(ended[0].find("state=done, error=, frames=" + frames + ", journal="), 0U) << ended[0];
  EXPECT_EQ(broken(*store), std::vector<std::string>{});
  EXPECT_EQ(store->check_journals().whole, 1);

  store->database().run(
      {"DELETE FROM frames WHERE run = $1 AND number = (SELECT MAX(number) FROM frames WHERE run = $1)", {end.id}});
  store->database().run({"UPDATE runs SET frames = frames - 1 WHERE id = $1", {end.id}});
  ASSERT_EQ(broken(*store).size(), 1U);
  EXPECT_NE(broken(*store)[0].find("the journal of run " + end.id + " is not the one that it ended with"),
            std::string::npos);
}

TEST_P(EvidenceOn, ARunThatAnOperatorStoppedDoesSoToo) {
  Bench bench("generic", GetParam());
  const Bench::End killed = bench.run("demo/inventory", {}, {At::answered, 4});
  const auto store = bench.open_store();
  ASSERT_TRUE(StoreJournal::stop_if_free(store, killed.id, "test"));
  ASSERT_EQ(said(*store, "run ended", killed.id).size(), 1U);
  EXPECT_EQ(broken(*store), std::vector<std::string>{});
  EXPECT_EQ(store->check_journals().whole, 1);
}

TEST_P(EvidenceOn, ARunThatIsDoneByNowIsNotStopped) {
  Bench bench("generic", GetParam());
  const Bench::End killed = bench.run("demo/inventory", {}, {At::answered, 4});
  const auto store = bench.open_store();
  ASSERT_EQ(bench.resume(killed.id).error, "");
  try {
    StoreJournal::stop_if_free(store, killed.id, "test");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
  }
  EXPECT_EQ(store->runs().find(killed.id).state, store::RunState::done);
}

INSTANTIATE_TEST_SUITE_P(On, EvidenceOn, ::testing::Values(Bench::On::sqlite, Bench::On::postgres),
                         [](const auto& each) { return each.param == Bench::On::sqlite ? "sqlite" : "postgres"; });

}  // namespace
}  // namespace cw::journal
