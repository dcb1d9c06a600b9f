// What people read, letter by letter where letters matter.
#include "report/summary.h"

#include <algorithm>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "sample.h"

namespace cw::report {
namespace {

std::string summary_of(const Results& results, const Style& style, size_t slowest = 0) {
  std::ostringstream out;
  Summary summary(out, style);
  for (const Case& one : results.cases) summary.add(one);
  summary.end(results, slowest);
  return out.str();
}

std::string last_line(const std::string& text) {
  const size_t end = text.rfind('\n', text.size() - 2);
  return text.substr(end + 1);
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

size_t widest(const std::string& text) {
  size_t most = 0;
  size_t now = 0;
  for (const char c : text) {
    if (c == '\n') {
      most = std::max(most, now);
      now = 0;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      ++now;
    }
  }
  return most;
}

TEST(Summary, a_line_per_case_and_the_counts_last) {
  const std::string text = summary_of(small_results(), {});
  EXPECT_TRUE(text.starts_with("ok   a01_select [generic]  2.")) << text;
  EXPECT_TRUE(has(text, "\nFAIL c01_install [generic]  ")) << text;
  EXPECT_TRUE(has(text, "\nskip e01_reader [generic]  needs a real reader\n")) << text;
  EXPECT_EQ(last_line(text), "1 passed, 1 failed, 1 skipped\n");
}

TEST(Summary, a_terminal_that_can_gets_ticks_and_colours_and_no_other_does) {
  const std::string plain = summary_of(small_results(), {});
  EXPECT_TRUE(std::all_of(plain.begin(), plain.end(), [](char c) { return c == '\n' || (c >= ' ' && c < 0x7F); }));
  const std::string rich = summary_of(small_results(), {true, true, 100});
  EXPECT_TRUE(rich.starts_with("\x1B[32m✓\x1B[0m a01_select [generic]")) << rich;
  EXPECT_TRUE(has(rich, "\x1B[31m✗\x1B[0m c01_install")) << rich;
}

TEST(Summary, a_failure_shows_expected_beside_actual_where_there_is_room) {
  const std::string wide = summary_of(small_results(), {false, false, 100});
  EXPECT_TRUE(has(wide, "\n   9000 done" + std::string(47 - 9 + 2, ' ') + "6A84 not enough memory space\n")) << wide;
  const std::string narrow = summary_of(small_results(), {false, false, 50});
  EXPECT_TRUE(has(narrow, "\n   expected\n     9000 done\n   actual\n     6A84 not enough memory space\n")) << narrow;
}

TEST(Summary, the_trace_marks_what_failed_and_shows_what_was_sent) {
  const std::string text = summary_of(small_results(), {false, false, 120});
  EXPECT_TRUE(has(text, "\n   >  16 *LOAD block 0 of transit-2.1.cap, 247 bytes")) << text;
  EXPECT_TRUE(has(text, "\n           sent    80E80000F7<transit-2.1.cap 0..247>\n")) << text;
  EXPECT_TRUE(has(text, "status  6A84 not enough memory space (2,104 bytes are free")) << text;
  EXPECT_TRUE(has(text, "\n      11 *")) << text;
  EXPECT_FALSE(has(text, "\n      10 *")) << text;
  EXPECT_TRUE(has(text, "Likely: the card's memory is full")) << text;
}

TEST(Summary, no_line_is_wider_than_the_terminal) {
  for (const unsigned width : {40u, 60u, 80u, 200u}) {
    const Results results = rich_results();
    std::ostringstream out;
    Summary summary(out, {false, true, width});
    for (const Case& one : results.cases) {
      summary.add(one);
      if (one.status == Case::Status::failed) summary.failure(one, 1);
    }
    EXPECT_LE(widest(out.str()), std::max(width, 60u)) << out.str();
  }
}

TEST(Summary, tear_matrices_end_with_their_counts) {
  std::ostringstream out;
  Summary summary(out, {});
  summary.matrices({{"demo/install", "generic", {{1, "SELECT", {{"before", true, ""}, {"after", true, ""}}}}},
                    {"demo/lock", "uicc", {{3, "SET STATUS", {{"inside", false, "it is not LOCKED"}}}}}});
  EXPECT_EQ(out.str(),
            "ok   demo/install [generic]  1 command, 2 tear points, 2 converged\n"
            "FAIL demo/lock [uicc]  1 command, 1 tear point, 0 converged\n"
            "     #3 SET STATUS, torn inside: it is not LOCKED\n"
            "3 tear points, 2 converged\n");
}

TEST(Summary, names_the_slowest_when_asked) {
  EXPECT_FALSE(has(summary_of(rich_results(), {}), "Slowest"));
  const std::string text = summary_of(rich_results(), {}, 2);
  const size_t begin = text.find("Slowest\n");
  ASSERT_NE(begin, std::string::npos);
  EXPECT_EQ(std::count(text.begin() + static_cast<long>(begin),
                       text.begin() + static_cast<long>(text.find("\n\n", begin)), '['),
            2);
}

TEST(Summary, no_text_moves_a_cursor_or_forges_a_line) {
  for (const std::string& text : hostile_texts()) {
    for (const Style& style : {Style{}, Style{false, true, 80}}) {
      const std::string out = summary_of(filled_with(text), style);
      EXPECT_TRUE(std::all_of(out.begin(), out.end(), [](char c) {
        return c == '\n' || static_cast<unsigned char>(c) >= 0x20;
      })) << text.substr(0, 60);
      EXPECT_EQ(last_line(out), "1 passed, 1 failed, 1 skipped\n");
      EXPECT_FALSE(has(out, "\xE2\x80\xAE")) << "a mark that turns the direction of writing";
    }
  }
}

}  // namespace
}  // namespace cw::report
