#include <algorithm>

#include "base/error.h"
#include "story.h"

namespace cw::batch {
namespace {

class KeptTest : public Story {
 protected:
  void SetUp() override {
    Story::SetUp();
    keeper_ = &store_;
  }
  Results::History history(const std::string& row) { return *Results(folder_ / "results.csv", "test").row(row); }
  /// What a batch that died in the middle of that row left behind.
  void die_in(const std::string& row, const std::string& run, State state = State::started) {
    Results results(folder_ / "results.csv", "test");
    Result begun;
    begun.row = row;
    begun.card = "CPLC-00000000000000000001" + std::string("0000");
    begun.tries = 1;
    begun.run = run;
    begun.state = state;
    results.append(begun);
  }
  Error failure_of(const Table& people, std::vector<std::deque<StoryCard>> readers) {
    try {
      run(people, std::move(readers));
    } catch (const Error& error) {
      return error;
    }
    return Error(ErrorKind::internal, "it did not fail");
  }

  std::shared_ptr<const engine::Policy> rules(const std::string& allow) {
    return engine::Policy::parse("p.lua", "return { name = 'p', api = 1, allow = { " + allow + " } }", *bundle_);
  }

  StoryKeeper store_;
};

TEST_F(KeptTest, TheResultsNameARunBeforeItIsBegun) {
  std::vector<std::string> begun;
  store_.at_begin = [&](const Result& row) {
    EXPECT_NE(content("results.csv").find("test," + row.row + ","), std::string::npos);
    EXPECT_NE(content("results.csv").find("," + row.run + "\n"), std::string::npos);
    EXPECT_EQ(row.card.substr(0, 5), "CPLC-");
    begun.push_back(row.run);
  };
  EXPECT_EQ(run(table("number\n1\n2\n"), {{card(1), card(2)}}).done, 2U);
  EXPECT_EQ(begun.size(), 2U);
  EXPECT_EQ(store_.ended_runs, begun);
  EXPECT_EQ(history("1").run, begun[0]);
  EXPECT_EQ(heard_.results.at(1).run, begun[1]);
}

TEST_F(KeptTest, ARowWhoseRunWasFinishedElsewhereIsDone) {
  die_in("1", "old");
  store_.fates["old"] = {Keeper::Fate::done, "CPLC-9"};
  EXPECT_EQ(run(table("number\n1\n2\n"), {{card(2), card(3)}}).done, 1U);
  EXPECT_EQ(heard_.plan.done_before, 1U);
  EXPECT_EQ(history("1").state, State::done);
  EXPECT_EQ(history("1").card, "CPLC-9");
  EXPECT_TRUE(store_.given_up.empty());
}

TEST_F(KeptTest, SoIsOneThatHadFailedOrWasSetAside) {
  die_in("1", "failed", State::failed);
  die_in("2", "stuck", State::quarantined);
  store_.fates["failed"] = store_.fates["stuck"] = {Keeper::Fate::done, ""};
  run(table("number\n1\n2\n"), {{}});
  EXPECT_EQ(heard_.plan.done_before, 2U);
}

TEST_F(KeptTest, ARowThatIsBegunAnewEndsItsRunBefore) {
  die_in("1", "old");
  store_.fates["old"] = {Keeper::Fate::open, ""};
  EXPECT_EQ(run(table("number\n1\n2\n"), {{card(5), card(6)}}).done, 2U);
  EXPECT_EQ(heard_.plan.half_way.at(0).run, "old");
  EXPECT_EQ(store_.given_up, std::vector<std::string>{"old"});
  EXPECT_NE(history("1").run, "old");
}

TEST_F(KeptTest, ARunThatIsNotReachedAgainCanStillBeResumed) {
  die_in("2", "old");
  store_.fates["old"] = {Keeper::Fate::open, ""};
  EXPECT_EQ(run(table("number\n1\n2\n"), {{card(5)}}).done, 1U);
  EXPECT_EQ(run(table("number\n1\n2\n"), {{}}).left, 1U);
  EXPECT_EQ(history("2").run, "old");
}

TEST_F(KeptTest, WhileAnotherProcessWorksOnARowNoBatchBegins) {
  die_in("1", "old");
  store_.fates["old"] = {Keeper::Fate::held, ""};
  const Error error = failure_of(table("number\n1\n2\n"), {{card(5)}});
  EXPECT_EQ(error.kind(), ErrorKind::usage);
  EXPECT_NE(error.message().find("row 1 is in work: another process goes on with its run old"), std::string::npos)
      << error.message();
}

TEST_F(KeptTest, ARowThatIsFinishedElsewhereDuringTheBatchGetsNoOtherCard) {
  die_in("1", "old");
  store_.fates["old"] = {Keeper::Fate::open, ""};
  store_.at_begin = [&](const Result&) { store_.fates["old"] = {Keeper::Fate::done, "CPLC-9"}; };
  const Summary summary = run(table("number\n1\n2\n3\n"), {{card(5), card(6), card(7)}});
  EXPECT_EQ(heard_.plan.to_do, 3U);
  EXPECT_EQ(summary.done, 3U);
  EXPECT_EQ(summary.left, 0U);
  EXPECT_EQ(heard_.results.size(), 2U);
  ASSERT_EQ(heard_.resumed.size(), 1U);
  EXPECT_EQ(heard_.resumed[0].row, "1");
  EXPECT_EQ(heard_.resumed[0].run, "old");
  EXPECT_TRUE(store_.given_up.empty());
  EXPECT_EQ(history("1").state, State::done);
  EXPECT_EQ(history("1").card, "CPLC-9");
  EXPECT_EQ(history("1").tries, 1U);
  EXPECT_EQ(content("quarantine.csv"), "card,row,reader,reason\n");
}

TEST_F(KeptTest, TheCardThatWasWaitingThenGetsTheNextRow) {
  die_in("1", "old");
  die_in("2", "other");
  store_.fates["old"] = store_.fates["other"] = {Keeper::Fate::open, ""};
  StoryCard first = card(5);
  first.at_first_command = [&] { store_.fates["old"] = {Keeper::Fate::done, "CPLC-9"}; };
  EXPECT_EQ(run(table("number\n1\n2\n"), {{first}}).done, 2U);
  EXPECT_EQ(heard_.resumed.at(0).row, "1");
  EXPECT_EQ(heard_.results.at(0).row, "2");
  EXPECT_EQ(store_.given_up, std::vector<std::string>{"other"});
}

TEST_F(KeptTest, ACardThatWasFinishedElsewhereDuringTheBatchGetsNoOtherRow) {
  die_in("1", "old");
  store_.fates["old"] = {Keeper::Fate::open, ""};
  StoryCard own = card(1);
  own.at_first_command = [&] { store_.fates["old"] = {Keeper::Fate::done, ""}; };
  const Summary summary = run(table("number\n1\n2\n"), {{own}});
  EXPECT_EQ(summary.left, 1U);
  EXPECT_EQ(heard_.refused, std::vector<std::string>{"row 1 was written to it"});
  EXPECT_EQ(history("1").run, "old");
}

TEST_F(KeptTest, ARowThatAnotherProcessTakesDuringTheBatchEndsIt) {
  die_in("1", "old");
  store_.fates["old"] = {Keeper::Fate::open, ""};
  store_.at_begin = [&](const Result&) { store_.fates["old"] = {Keeper::Fate::held, ""}; };
  const Error error = failure_of(table("number\n1\n2\n"), {{card(5), card(6)}});
  EXPECT_EQ(error.kind(), ErrorKind::script);
  EXPECT_NE(error.message().find("another process goes on with its run old"), std::string::npos) << error.message();
  EXPECT_EQ(history("1").run, "old");
}

TEST_F(KeptTest, WithoutAStoreNoBatchBeginsOnResultsThatNameRuns) {
  die_in("1", "old");
  keeper_ = nullptr;
  StoryCard untouched = card(5);
  untouched.at_first_command = [] { ADD_FAILURE() << "a card was touched"; };
  const Error error = failure_of(table("number\n1\n2\n"), {{untouched}});
  EXPECT_EQ(error.kind(), ErrorKind::usage);
  EXPECT_NE(error.message().find("the results name run old of row 1"), std::string::npos) << error.message();
  EXPECT_NE(error.message().find("--store"), std::string::npos);
  keeper_ = &store_;
  store_.fates["old"] = {Keeper::Fate::done, ""};
  EXPECT_EQ(run(table("number\n1\n2\n"), {{card(5)}}).done, 1U);
  keeper_ = nullptr;
  EXPECT_EQ(run(table("number\n1\n2\n"), {{card(6)}}).left, 0U);
}

TEST_F(KeptTest, AStoreThatTakesNothingEndsTheBatchAndNoRowHasFailed) {
  store_.at_begin = [](const Result& row) {
    if (row.row == "2") throw Error(ErrorKind::store, "the disk is full");
  };
  const Table people = table("number\n1\n2\n3\n");
  EXPECT_EQ(failure_of(people, {{card(1), card(2), card(3)}}).kind(), ErrorKind::store);
  EXPECT_EQ(history("2").state, State::stopped);
  EXPECT_EQ(history("2").failures, 0U);
  store_.at_begin = {};
  EXPECT_EQ(run(people, {{card(2), card(4)}}).done, 2U);
}

TEST_F(KeptTest, APolicyThatComesIntoUseAndRefusesTheFlowEndsTheBatchAndNoRowHasFailed) {
  store_.at_begin = [&](const Result& row) {
    if (row.row == "2") store_.policy = rules("flows = { 'other' }");
  };
  const Table people = table("number\n1\n2\n3\n4\n5\n");
  const Error error = failure_of(people, {{card(1), card(2), card(3), card(4), card(5)}});
  EXPECT_EQ(error.kind(), ErrorKind::policy);
  EXPECT_NE(error.message().find("not allowed by policy p"), std::string::npos) << error.message();
  EXPECT_EQ(history("1").state, State::done);
  EXPECT_EQ(history("2").state, State::stopped);
  EXPECT_EQ(history("2").failures, 0U);
  EXPECT_EQ(Results(folder_ / "results.csv", "test").row("3"), nullptr);
  store_.at_begin = {};
  store_.policy = nullptr;
  EXPECT_EQ(run(people, {{card(2), card(3), card(4), card(5)}}).done, 4U);
  EXPECT_EQ(content("quarantine.csv"), "card,row,reader,reason\n");
}

TEST_F(KeptTest, APolicyThatComesIntoUseAndRefusesACommandFailsTheRow) {
  store_.policy = rules("flows = { 'test' }, channel = { scp = { '02' } }");
  EXPECT_EQ(run(table("number\n1\n"), {{card(1)}}).failed, 1U);
  EXPECT_EQ(heard_.results.at(0).error, "policy");
}

TEST_F(KeptTest, APolicyThatComesIntoUseAndIsBrokenEndsTheBatchToo) {
  store_.at_begin = [](const Result&) { throw Error(ErrorKind::script, "policy p cannot be loaded"); };
  EXPECT_EQ(failure_of(table("number\n1\n"), {{card(1)}}).kind(), ErrorKind::script);
  EXPECT_EQ(history("1").state, State::stopped);
}

}  // namespace
}  // namespace cw::batch
