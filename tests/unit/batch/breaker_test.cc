#include "batch/breaker.h"

#include <gtest/gtest.h>

namespace cw::batch {
namespace {

using Verdict = Breaker::Verdict;

TEST(BreakerTest, FailuresInARowOnDifferentReadersStopAll) {
  Breaker breaker(3, 3);
  EXPECT_EQ(breaker.failure(0), Verdict::go_on);
  EXPECT_EQ(breaker.failure(1), Verdict::go_on);
  EXPECT_EQ(breaker.failure(2), Verdict::stop_all);
}

TEST(BreakerTest, ASuccessBetweenThemBeginsTheCountAnew) {
  Breaker breaker(2, 1);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(breaker.failure(0), Verdict::go_on);
    EXPECT_EQ(breaker.success(0), Verdict::go_on);
  }
}

TEST(BreakerTest, OneBadReaderAmongGoodOnesIsTakenOut) {
  Breaker breaker(3, 2);
  EXPECT_EQ(breaker.failure(0), Verdict::go_on);
  breaker.success(1);
  EXPECT_EQ(breaker.failure(0), Verdict::go_on);
  breaker.success(1);
  EXPECT_EQ(breaker.failure(0), Verdict::stop_reader);
}

TEST(BreakerTest, ALimitOfZeroNeverStops) {
  Breaker breaker(0, 1);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(breaker.failure(0), Verdict::go_on);
}

}  // namespace
}  // namespace cw::batch
