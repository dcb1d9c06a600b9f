#include "app/moment.h"

#include <limits>

#include <gtest/gtest.h>

#include "base/error.h"

namespace cw::app {
namespace {

TEST(Moment, IsWrittenInUtc) {
  EXPECT_EQ(utc_text(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(utc_text(951'782'400'999), "2000-02-29T00:00:00Z");
  EXPECT_EQ(utc_text(std::numeric_limits<int64_t>::min()).empty(), false);
  EXPECT_EQ(utc_text(std::numeric_limits<int64_t>::max()).empty(), false);
}

TEST(Age, HasANumberAndAUnit) {
  EXPECT_EQ(parse_age("90d"), int64_t{90} * 24 * 3600 * 1000);
  EXPECT_EQ(parse_age("12h"), int64_t{12} * 3600 * 1000);
  EXPECT_EQ(parse_age("0m"), 0);
  EXPECT_EQ(parse_age("36500d"), int64_t{36500} * 24 * 3600 * 1000);
}

TEST(Age, OfAnythingElseIsRefused) {
  for (const char* text :
       {"", "d", "90", "-1d", "+1d", "1.5d", "1 d", "1D", "36501d", "99999999999999999999d", "1dd"}) {
    EXPECT_THROW(parse_age(text), Error) << text;
  }
}

TEST(Moment, IsADayThatThereIsOrAnAgeFromNowOn) {
  constexpr int64_t kDay = 24 * 3600 * 1000;
  EXPECT_EQ(parse_moment("1970-01-02", 5), kDay);
  EXPECT_EQ(parse_moment("2000-02-29T00:00:00Z", 5), 951'782'400'000);
  EXPECT_EQ(parse_moment("1d", 5), kDay + 5);
  for (const char* text : {"2031-02-30", "2031-02-29", "2031-04-31", "2031-00-01", "2031-01-01T24:00:00Z",
                           "2031-01-01T00:00:60Z", "2031-1", "soon", ""}) {
    EXPECT_THROW(parse_moment(text, 5), Error) << text;
  }
}

}  // namespace
}  // namespace cw::app
