#include "batch/results.h"

#include <fstream>

#include "base/error.h"
#include "batch/quarantine.h"
#include "batch/queue.h"
#include "story.h"

namespace cw::batch {
namespace {

class ResultsTest : public Story {
 protected:
  std::filesystem::path path() const { return folder_ / "results.csv"; }
  std::string refusal_of(const std::string& text, const std::string& flow = "test") {
    file("results.csv", text);
    try {
      Results results(path(), flow);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      return error.message();
    }
    return "accepted";
  }
  static Result result(const std::string& row, State state, const std::string& card = "") {
    Result out;
    out.row = row;
    out.state = state;
    out.card = card;
    out.tries = 1;
    return out;
  }
};

constexpr const char* kHeader = "flow,row,line,state,card,reader,tries,seconds,error,message,run\n";

TEST_F(ResultsTest, WhatWasAppendedIsThereInTheNextProgram) {
  {
    Results results(path(), "test");
    results.append(result("a,\"b\"", State::started, "CPLC-1"));
    Result failed = result("a,\"b\"", State::failed, "CPLC-1");
    failed.message = "two\nlines \x1b[2J";
    results.append(failed);
    results.append(result("c", State::done, "CPLC-2"));
  }
  const Results again(path(), "test");
  ASSERT_NE(again.row("a,\"b\""), nullptr);
  EXPECT_EQ(again.row("a,\"b\"")->state, State::failed);
  EXPECT_EQ(again.row("a,\"b\"")->failures, 1U);
  ASSERT_NE(again.row_of("CPLC-2"), nullptr);
  EXPECT_EQ(*again.row_of("CPLC-2"), "c");
  EXPECT_EQ(again.row_of(""), nullptr);
  EXPECT_EQ(again.row("d"), nullptr);
  EXPECT_EQ(content("results.csv").find('\x1b'), std::string::npos);
}

TEST_F(ResultsTest, OnlyItsOwnerMayReadThem) {
  { Results results(path(), "test"); }
  EXPECT_EQ(std::filesystem::status(path()).permissions(), static_cast<std::filesystem::perms>(0600));
}

TEST_F(ResultsTest, ASecondBatchIsKeptOut) {
  const Results first(path(), "test");
  try {
    Results second(path(), "test");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("another batch is writing it"), std::string::npos) << error.message();
  }
}

TEST_F(ResultsTest, AnotherFlowOrAnotherFileIsRefusedAndLeftAsItIs) {
  EXPECT_NE(refusal_of(std::string(kHeader) + "demo/lock,1,2,done,,r,1,0.1,,,\n").find("are of flow demo/lock"),
            std::string::npos);
  for (const std::string other :
       {"holder,number\nAda,1\n", "holder,number", "no csv \" at all\n", "\x7f\x45\x4c\x46\x80\n"}) {
    EXPECT_NE(refusal_of(other), "accepted") << other;
    EXPECT_EQ(content("results.csv"), other);
  }
  EXPECT_NE(refusal_of(std::string(kHeader) + "test,1,2,odd,,r,1,0.1,,,\n").find("state 'odd'"), std::string::npos);
  EXPECT_NE(refusal_of(std::string(kHeader) + "test,1,2\ntest,1,2,done,,r,1,0.1,,,\n").find("line 2 has 3 fields"),
            std::string::npos);
}

// In another file every row would be to do, and those that are done would get a second card.
TEST_F(ResultsTest, ThoseOfAnOlderVersionAreRefusedWithAdviceThatKeepsThem) {
  const std::string old_header = "flow,row,line,state,card,reader,tries,seconds,error,message";
  const std::string done = "test,1,2,done,CPLC-1,r,1,0.100,,";
  const std::string begun = "test,2,3,started,CPLC-2,r,1,,,";
  const std::string old = old_header + "\n" + done + "\n" + begun + "\n";
  const std::string message = refusal_of(old + "test,3");
  EXPECT_NE(message.find("it has no column run, so an older version began it; finish it with that version, or put "
                         ",run behind its first line and a comma behind each other line"),
            std::string::npos)
      << message;
  EXPECT_EQ(message.find("another name"), std::string::npos) << message;
  EXPECT_EQ(content("results.csv"), old + "test,3");

  const std::string mended = old_header + ",run\n" + done + ",\n" + begun + ",\n";
  ASSERT_EQ(refusal_of(mended + "test,3,"), "accepted");
  EXPECT_EQ(content("results.csv"), mended);
  const Results results(path(), "test");
  EXPECT_EQ(results.row("1")->state, State::done);
  EXPECT_EQ(results.row("2")->state, State::started);
  EXPECT_EQ(results.row("2")->run, "");
  EXPECT_EQ(*results.row_of("CPLC-2"), "2");
}

TEST_F(ResultsTest, ZerosThatACrashLeftAreCutOff) {
  const std::string good = std::string(kHeader) + "test,1,2,done,,r,1,0.1,,,\n";
  EXPECT_EQ(refusal_of(good + "test,2,3,sta" + std::string(100, '\0')), "accepted");
  EXPECT_EQ(content("results.csv"), good);
}

// A crash may leave any beginning of the file: each must be taken up, and no row that is done is handed out again.
TEST_F(ResultsTest, AfterACrashAtAnyByteEveryRowIsDoneOnceInTheEnd) {
  {
    Results results(path(), "test");
    for (const char* row : {"1", "zoë \"2\""}) {
      results.append(result(row, State::started, std::string("CPLC-") + row[0]));
      results.append(result(row, State::done, std::string("CPLC-") + row[0]));
    }
  }
  const std::string whole = content("results.csv");
  const Table people = table("id,number\n1,1\n\"zoë \"\"2\"\"\",2\n", {}, "id");
  for (size_t size = 0; size <= whole.size(); ++size) {
    file("results.csv", whole.substr(0, size));
    std::filesystem::remove(folder_ / "quarantine.csv");
    Quarantine quarantine(folder_ / "quarantine.csv");
    {
      Results results(path(), "test");
      RowQueue queue(people, results, quarantine, {});
      for (const Row& row : people.rows()) {
        const bool done = results.row(row.key) && results.row(row.key)->state == State::done;
        EXPECT_EQ(done, whole.substr(0, size).find("done,CPLC-" + row.key.substr(0, 1) + ",,1,0.000,,,\n") !=
                            std::string::npos);
      }
      for (size_t card = 0; queue.left() > 0; ++card) {
        const RowQueue::Choice choice = queue.take("CPLC-new" + std::to_string(card));
        ASSERT_NE(choice.row, nullptr);
        results.append(result(choice.row->key, State::done, "CPLC-new" + std::to_string(card)));
      }
    }
    const Results after(path(), "test");
    EXPECT_EQ(RowQueue(people, after, quarantine, {}).done_before(), 2U) << size;
  }
}

TEST_F(ResultsTest, AFullDiskIsAnError) {
  try {
    Results results("/dev/full", "test");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("/dev/full"), std::string::npos);
  }
}

TEST_F(ResultsTest, AQuarantineListIsWrittenByHandToo) {
  file("quarantine.csv", "card,row,reader,reason\r\nCPLC-7,,,\"scratched, dirty\"\r\n,13,,looks odd\r\n");
  Quarantine quarantine(folder_ / "quarantine.csv");
  EXPECT_TRUE(quarantine.has_card("CPLC-7"));
  EXPECT_FALSE(quarantine.has_card(""));
  EXPECT_TRUE(quarantine.has_row("13"));
  quarantine.add({"CPLC-8", "", "r", "torn"});
  const Quarantine again(folder_ / "quarantine.csv");
  EXPECT_TRUE(again.has_card("CPLC-8"));
  EXPECT_FALSE(again.has_row(""));
}

}  // namespace
}  // namespace cw::batch
