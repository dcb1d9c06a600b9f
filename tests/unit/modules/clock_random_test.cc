#include <gtest/gtest.h>

#include "base/hex.h"
#include "story.h"

namespace cw::modules::test {

TEST(Clock, TellsTheTimeOfTheRun) {
  EXPECT_EQ(Story().run("return string.format('%.0f', clock.now())"), "1700000000123");
}

TEST(Clock, SleepsInTheHost) {
  Story story;
  story.reply(host::Waited{});
  EXPECT_EQ(story.run("clock.sleep(0.25) return 'awake'"), "awake");
  EXPECT_EQ(story.request<host::Wait>(0).time.count(), 250);
  for (const char* seconds : {"-1", "86401", "0/0", "'1'", "nil"}) {
    EXPECT_EQ(Story().fail(std::string("clock.sleep(") + seconds + ")").kind(), ErrorKind::usage) << seconds;
  }
}

TEST(Random, GivesBytesOfTheOutside) {
  Story story;
  story.outside.draws = {from_hex("0011223344556677")};
  EXPECT_EQ(story.run("return hex.encode(random.bytes(8))"), "0011223344556677");
  EXPECT_EQ(Story().fail("random.bytes(0)").kind(), ErrorKind::usage);
  EXPECT_EQ(Story().fail("random.bytes(1025)").kind(), ErrorKind::usage);
}

TEST(Random, DrawsAgainRatherThanFavourSmallNumbers) {
  Story story;
  // 1..6 takes 3 bits: FF -> 7 and FE -> 6 are thrown away, FD -> 5 is number 6.
  story.outside.draws = {from_hex("FF"), from_hex("FE"), from_hex("FD")};
  EXPECT_EQ(story.run("return random.integer(1, 6)"), "6");
  EXPECT_TRUE(story.outside.draws.empty());
}

TEST(Random, ReachesBothEnds) {
  Story story;
  story.outside.draws = {from_hex("00"), from_hex("FF"), from_hex("00000000000000"), from_hex("11")};
  EXPECT_EQ(story.run("return random.integer(-128, 127) .. ' ' .. random.integer(-128, 127) .. ' ' .. "
                      "random.integer(5, 5) .. ' ' .. string.format('%.0f', random.integer(-2^53, 2^53))"),
            "-128 127 5 -9007199254740992");
  EXPECT_EQ(story.outside.draws.size(), 1u);
}

TEST(Random, RefusesBadRanges) {
  EXPECT_EQ(Story().fail("random.integer(2, 1)").kind(), ErrorKind::usage);
  EXPECT_EQ(Story().fail("random.integer(1.5, 2)").kind(), ErrorKind::usage);
  EXPECT_EQ(Story().fail("random.integer(0, 1e18)").kind(), ErrorKind::usage);
  EXPECT_EQ(Story().fail("random.integer(1)").kind(), ErrorKind::usage);
}

TEST(Random, GivesUpOnASourceThatIsStuck) {
  Story story;
  story.outside.draws.assign(128, from_hex("FF"));
  EXPECT_EQ(story.fail("random.integer(1, 5)").kind(), ErrorKind::internal);
}

}  // namespace cw::modules::test
