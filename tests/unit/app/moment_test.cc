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

}  // namespace
}  // namespace cw::app
