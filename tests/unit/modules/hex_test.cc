#include <gtest/gtest.h>

#include "story.h"

namespace cw::modules::test {

TEST(Hex, WritesBytesTheShortWay) { EXPECT_EQ(Story().run("return hex'41 42:43-44'"), "ABCD"); }

TEST(Hex, GoesBothWays) {
  EXPECT_EQ(Story().run("return hex.encode('\\0\\255abc')"), "00FF616263");
  EXPECT_EQ(Story().run("return hex.decode('616263') .. #hex''"), "abc0");
}

TEST(Hex, RefusesWhatIsNoHex) {
  EXPECT_EQ(Story().fail("hex'4G'").kind(), ErrorKind::usage);
  EXPECT_EQ(Story().fail("hex'414'").kind(), ErrorKind::usage);
  EXPECT_EQ(Story().fail("hex(nil)").kind(), ErrorKind::usage);
  EXPECT_EQ(Story().fail("hex.encode(5)").kind(), ErrorKind::usage);
  EXPECT_EQ(Story().fail("hex.encode()").kind(), ErrorKind::usage);
}

TEST(Hex, ChargesLargeWorkToTheRun) {
  Story story;
  story.limits.instructions = 1'000'000;
  EXPECT_EQ(story.fail("local big = ('a'):rep(2^18) while true do hex.encode(big) end").kind(), ErrorKind::budget);
}

}  // namespace cw::modules::test
