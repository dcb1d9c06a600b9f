#include "batch/batch.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "story.h"

namespace cw::batch {
namespace {

/// What the card of that serial number (below 10) tells: the fields of the CPLC that the chip's maker wrote.
std::string identity(int serial) { return "CPLC-0000000000000000000" + std::to_string(serial) + "0000"; }

class BatchTest : public Story {
 protected:
  static std::string rows(int count) {
    std::string csv = "number\n";
    for (int i = 1; i <= count; ++i) csv += std::to_string(i) + "\n";
    return csv;
  }
  std::deque<StoryCard> cards(uint32_t first, uint32_t count) {
    std::deque<StoryCard> out;
    for (uint32_t i = 0; i < count; ++i) out.push_back(card(first + i));
    return out;
  }
  State state(const std::string& row) { return Results(folder_ / "results.csv", "test").row(row)->state; }
};

TEST_F(BatchTest, EveryRowGoesOntoOneCardAndNoneIsTakenTwice) {
  const Table people = table(rows(200));
  std::vector<std::deque<StoryCard>> readers;
  for (uint32_t i = 0; i < 4; ++i) readers.push_back(cards(1000 * (i + 1), 200));
  const Summary summary = run(people, std::move(readers));
  EXPECT_EQ(summary.done, 200U);
  EXPECT_EQ(summary.left, 0U);
  std::map<std::string, int> by_row;
  std::map<std::string, int> by_card;
  for (const Result& result : heard_.results) {
    ++by_row[result.row];
    ++by_card[result.card];
  }
  EXPECT_EQ(by_row.size(), 200U);
  EXPECT_EQ(by_card.size(), 200U);
}

TEST_F(BatchTest, ASecondStartHasNothingToDo) {
  const Table people = table(rows(3));
  run(people, {cards(1, 3)});
  const Summary again = run(people, {cards(10, 3)});
  EXPECT_EQ(again.done, 0U);
  EXPECT_EQ(heard_.plan.done_before, 3U);
  EXPECT_TRUE(heard_.results.empty());
}

TEST_F(BatchTest, ReadersThatRunOutOfCardsLeaveRows) {
  const Table people = table(rows(5));
  EXPECT_EQ(run(people, {cards(1, 2)}).left, 3U);
  EXPECT_EQ(heard_.ended.at(0).second, "no more cards");
  EXPECT_EQ(run(people, {cards(3, 9)}).done, 3U);
}

TEST_F(BatchTest, ALimitHandsOutNoMore) {
  const Table people = table(rows(5));
  EXPECT_EQ(run(people, {cards(1, 9)}, {false, 2}).done, 2U);
  EXPECT_EQ(heard_.plan.over_limit, 3U);
}

TEST_F(BatchTest, ACardThatARowWasWrittenToIsRefused) {
  const Table people = table(rows(2));
  const StoryCard first = card(1);
  const Summary summary = run(people, {{first, first, card(2)}});
  EXPECT_EQ(summary.done, 2U);
  EXPECT_EQ(heard_.refused, std::vector<std::string>{"row 1 was written to it"});
  // In the next batch, too.
  const Table more = table(rows(3));
  EXPECT_EQ(run(more, {{first}}).cards_refused, 1U);
}

TEST_F(BatchTest, ACardThatTellsTheSameAsTheOneInWorkIsNotTakenForThatOne) {
  const Table people = table(rows(2));
  Results results(folder_ / "results.csv", flow_name_);
  const Quarantine quarantine(folder_ / "quarantine.csv");
  RowQueue queue(people, results, quarantine, {});
  ASSERT_NE(queue.take("CPLC-1").row, nullptr);
  Result begun;
  begun.row = "1";
  begun.card = "CPLC-1";
  results.append(begun);
  EXPECT_EQ(queue.take("CPLC-1").refused,
            "row 1 is being written to a card that tells the same; --any-card is for cards that all do");
  EXPECT_NE(queue.take("CPLC-2").row, nullptr);
}

TEST_F(BatchTest, WhereAnyCardIsTakenSerialNumbersDoNotCount) {
  any_card_ = true;
  const Table people = table(rows(2));
  const StoryCard same = card(1);
  EXPECT_EQ(run(people, {{same, same}}).done, 2U);
  EXPECT_EQ(heard_.results.at(0).card, "");
}

TEST_F(BatchTest, ACardThatTellsNoIdentityIsTakenForAFreshOne) {
  const Table people = table(rows(2));
  const StoryCard unknown = card(0);
  EXPECT_EQ(run(people, {{unknown, unknown}}).done, 2U);
  EXPECT_EQ(heard_.results.at(0).card, "");
}

TEST_F(BatchTest, AFailedRowIsTriedAgainOnlyWhenAskedFor) {
  const Table people = table("number\nbad\n2\n");
  const Summary summary = run(people, {cards(1, 2)});
  EXPECT_EQ(summary.failed, 1U);
  EXPECT_EQ(summary.done, 1U);
  EXPECT_EQ(run(people, {cards(3, 2)}).failed, 0U);
  EXPECT_EQ(heard_.plan.failed_before, 1U);
  // The same card may be given its row again, no other row's card may.
  EXPECT_EQ(run(people, {{card(2), card(1)}}, {true, {}}).quarantined, 1U);
  EXPECT_EQ(heard_.refused, std::vector<std::string>{"row 2 was written to it"});
  EXPECT_EQ(heard_.results.at(0).tries, 2U);
}

TEST_F(BatchTest, ARowThatFailsTwiceIsQuarantinedWithItsCard) {
  const Table people = table("number\nbad\n");
  run(people, {cards(1, 1)});
  EXPECT_EQ(run(people, {cards(2, 1)}, {true, {}}).quarantined, 1U);
  run(people, {cards(3, 1)}, {true, {}});
  EXPECT_EQ(heard_.plan.quarantined_before, 1U);
  // Both cards are on the list; a line that is taken out is free again.
  const Quarantine list(folder_ / "quarantine.csv");
  EXPECT_TRUE(list.has_card(identity(1)));
  EXPECT_TRUE(list.has_card(identity(2)));
  file("quarantine.csv", "card,row,reader,reason\n");
  run(people, {cards(3, 1)});
  EXPECT_EQ(heard_.plan.failed_before, 1U);
}

TEST_F(BatchTest, ACardThatIsPulledOutOrRefusesTheKeysIsInDoubt) {
  const Table people = table("number,set\n1,isd\n2,isd\n3,wrong\n");
  StoryCard pulled = card(1);
  pulled.lose_at = 5;  // EXTERNAL AUTHENTICATE: two commands before were for its identity
  StoryCard refuses = card(2);
  refuses.refuses_authentication = true;
  const Summary summary = run(people, {{pulled, refuses, card(3)}}, {}, 0);
  EXPECT_EQ(summary.quarantined, 3U);
  EXPECT_EQ(heard_.results.at(0).error, "reader");
  EXPECT_EQ(heard_.results.at(1).error, "card");
  EXPECT_EQ(heard_.results.at(2).error, "channel");
  // No such card is authenticated to again.
  const Table more = table("number\n4\n");
  EXPECT_EQ(run(more, {{card(1), card(2), card(3)}}).cards_refused, 3U);
}

// Observers hear of commands that were answered; the card may have acted on the first one all the same.
TEST_F(BatchTest, ACardWhoseFirstCommandIsNotAnsweredIsInDoubt) {
  const Table people = table(rows(1));
  StoryCard pulled = card(1);
  pulled.lose_at = 3;
  EXPECT_EQ(run(people, {{pulled}}).quarantined, 1U);
}

TEST_F(BatchTest, ACardThatDoesNotAnswerTakesNoRow) {
  const Table people = table(rows(1));
  StoryCard mute = card(1);
  mute.lose_at = 1;
  const Summary summary = run(people, {{mute, card(2)}});
  EXPECT_EQ(summary.unreadable, 1U);
  EXPECT_EQ(summary.done, 1U);
}

TEST_F(BatchTest, TheBreakerStopsAfterFailuresInARow) {
  const Table people = table("number\nbad1\nbad2\nbad3\nbad4\n5\n");
  const Summary summary = run(people, {cards(1, 9)});
  EXPECT_TRUE(summary.broken);
  EXPECT_EQ(summary.failed, 3U);
  EXPECT_EQ(summary.left, 2U);
  EXPECT_EQ(heard_.ended.at(0).second, "3 failures in a row");
}

TEST_F(BatchTest, ASignalStopsBeforeTheNextCommandAndTheSameCardIsFinishedLater) {
  const Table people = table(rows(2));
  StoryCard first = card(1);
  int commands = 0;
  first.at_first_command = [&] { ++commands; };
  StoryCard stopped = card(2);
  // The identity is read with the first commands; the signal comes in the middle of them, or of the row.
  stopped.at_first_command = [&] { interrupted_ = true; };
  const Summary summary = run(people, {{first, stopped}});
  EXPECT_TRUE(summary.interrupted);
  EXPECT_EQ(summary.done, 1U);
  EXPECT_EQ(summary.left + summary.stopped, 1U);
  interrupted_ = false;
  EXPECT_EQ(run(people, {cards(2, 1)}).done, 1U);
  EXPECT_EQ(state("2"), State::done);
}

/// What a batch that died in the middle of row 1 on card 1 left behind.
void die_with_card_1(const std::filesystem::path& folder) {
  Results results(folder / "results.csv", "test");
  Result begun;
  begun.row = "1";
  begun.line = 2;
  begun.card = identity(1);
  begun.tries = 1;
  results.append(begun);
}

TEST_F(BatchTest, AfterACrashTheCardThatWasInWorkIsFinishedWithItsRow) {
  die_with_card_1(folder_);
  const Table people = table(rows(3));
  const Summary summary = run(people, {{card(2), card(1), card(3)}});
  EXPECT_EQ(summary.done, 3U);
  ASSERT_EQ(heard_.plan.half_way.size(), 1U);
  EXPECT_EQ(heard_.plan.half_way[0].row, "1");
  const auto row =
      std::find_if(heard_.results.begin(), heard_.results.end(), [](const Result& r) { return r.row == "1"; });
  EXPECT_EQ(row->card, identity(1));
  EXPECT_EQ(row->tries, 2U);
}

TEST_F(BatchTest, AfterACrashAnotherCardMayGetTheRowAndTheOldOneIsListed) {
  die_with_card_1(folder_);
  const Table people = table(rows(2));
  const Summary summary = run(people, {{card(2), card(3), card(1)}});
  EXPECT_EQ(summary.done, 2U);
  EXPECT_TRUE(Quarantine(folder_ / "quarantine.csv").has_card(identity(1)));
  const Table more = table(rows(3));
  EXPECT_EQ(run(more, {{card(1)}}).cards_refused, 1U);
}

TEST_F(BatchTest, APolicyThatDoesNotAllowToKnowCardsIsRefusedBeforeAnyCard) {
  policy_ = engine::Policy::parse(
      "p.lua", "return { name = 'p', api = 1, allow = { flows = { 'test', '*flow.lua' } } }", *bundle_);
  const Table people = table(rows(1));
  try {
    run(people, {cards(1, 1)});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::policy);
    EXPECT_NE(error.message().find("_tools/card-identity"), std::string::npos) << error.message();
  }
}

}  // namespace
}  // namespace cw::batch
