// What was seen, counted by command, class of status word and flavor; times by nearest rank.
#include "report/coverage.h"

#include <gtest/gtest.h>

#include "sample.h"

namespace cw::report {
namespace {

using std::chrono::nanoseconds;

Event command(const std::string& name, std::optional<uint16_t> sw, int64_t ns = 1) {
  Event event;
  event.kind = Event::Kind::command;
  event.name = name;
  event.sw = sw;
  event.time = nanoseconds(ns);
  return event;
}

Results of(std::vector<Event> events, const std::string& flavor = "generic") {
  Results out;
  out.cases.emplace_back();
  out.cases.back().flavor = flavor;
  out.cases.back().events = std::move(events);
  return out;
}

TEST(Coverage, each_status_word_has_the_class_that_iso_7816_4_gives_it) {
  const std::pair<uint16_t, const char*> words[] = {
      {0x9000, "9000"},    {0x9001, "other"},   {0x6100, "61xx"},    {0x6283, "62/63xx"}, {0x63CF, "62/63xx"},
      {0x6400, "64-66xx"}, {0x6581, "64-66xx"}, {0x6601, "64-66xx"}, {0x6700, "67xx"},    {0x6882, "68xx"},
      {0x6985, "69xx"},    {0x6A88, "6Axx"},    {0x6B00, "6B-6Fxx"}, {0x6C10, "6B-6Fxx"}, {0x6D00, "6B-6Fxx"},
      {0x6E00, "6B-6Fxx"}, {0x6F00, "6B-6Fxx"}, {0x9110, "other"},   {0x6000, "other"},   {0x0000, "other"}};
  for (const auto& [sw, name] : words) EXPECT_STREQ(name_of(class_of(sw)), name) << std::hex << sw;
  EXPECT_STREQ(name_of(class_of(std::nullopt)), "no answer");
}

TEST(Coverage, counts_commands_apart_by_flavor_and_nothing_else) {
  Results results = of({command("SELECT", 0x9000), command("SELECT", 0x6A82), command("LOAD", std::nullopt)});
  Event log;
  log.name = "LOAD";
  results.cases.back().events.push_back(log);
  for (Case& one : of({command("SELECT", 0x9000)}, "uicc").cases) results.cases.push_back(one);

  const std::vector<Seen> seen = coverage(results);
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].name, "LOAD");
  EXPECT_EQ(seen[0].counts[static_cast<size_t>(StatusClass::none)], 1u);
  EXPECT_EQ(seen[1].flavor, "generic");
  EXPECT_EQ(seen[1].counts[static_cast<size_t>(StatusClass::ok)], 1u);
  EXPECT_EQ(seen[1].counts[static_cast<size_t>(StatusClass::parameters)], 1u);
  EXPECT_EQ(seen[2].flavor, "uicc");
  EXPECT_EQ(seen[2].counts[static_cast<size_t>(StatusClass::ok)], 1u);
}

TEST(Coverage, a_command_without_a_name_is_counted_all_the_same) {
  ASSERT_EQ(coverage(of({command("", 0x9000)})).size(), 1u);
  EXPECT_EQ(coverage(of({command("", 0x9000)}))[0].name, "unnamed");
}

TEST(Timing, median_and_95th_percentile_are_times_that_were_measured) {
  std::vector<Event> events;
  for (int64_t i = 100; i >= 1; --i) events.push_back(command("LOAD", 0x9000, i));
  events.push_back(command("SELECT", 0x9000, 7));
  const std::vector<Timing> rows = timing(of(events));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].name, "LOAD") << "the greatest total first";
  EXPECT_EQ(rows[0].median, nanoseconds(50));
  EXPECT_EQ(rows[0].p95, nanoseconds(95));
  EXPECT_EQ(rows[0].max, nanoseconds(100));
  EXPECT_EQ(rows[0].total, nanoseconds(5050));
  EXPECT_EQ(rows[1].median, nanoseconds(7));
  EXPECT_EQ(rows[1].p95, nanoseconds(7));
}

TEST(Results, count_their_cases_and_tear_points) {
  const Results results = small_results();
  EXPECT_EQ(results.count(Case::Status::passed), 1u);
  EXPECT_EQ(results.count(Case::Status::failed), 1u);
  EXPECT_EQ(results.count(Case::Status::skipped), 1u);
  const TearMatrix matrix{"f", "g", {{1, "SELECT", {{"before", true, ""}, {"after", false, "why"}}}, {2, "LOAD", {}}}};
  EXPECT_EQ(matrix.torn(), 2u);
  EXPECT_EQ(matrix.converged(), 1u);
}

}  // namespace
}  // namespace cw::report
