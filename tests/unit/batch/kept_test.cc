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

}  // namespace
}  // namespace cw::batch
