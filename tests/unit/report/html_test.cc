// The page as text: that it holds what it must, and nothing that a browser would fetch or run. What a browser makes of
// it is tested with one, in tests/interop/report.
#include "report/html.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "sample.h"

namespace cw::report {
namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

size_t times(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

TEST(Html, says_how_it_went_and_with_what) {
  const std::string page = html(small_results());
  EXPECT_TRUE(has(page, "<h1 class=\"failed\">1 of 3 cases failed</h1>"));
  EXPECT_TRUE(has(page, "<dt>Seed</dt><dd><code>42</code></dd>"));
  EXPECT_TRUE(has(page, "<dt>Time</dt><dd>1.23 s</dd>"));
  EXPECT_EQ(times(page, "<details class=\"case "), 3u);
}

TEST(Html, without_its_script_it_still_shows_failures_with_their_trace) {
  const std::string page = html(small_results());
  EXPECT_TRUE(has(page, "<noscript>"));
  EXPECT_TRUE(has(page, "LOAD block 0 of transit-2.1.cap was refused</p>"));
  EXPECT_TRUE(has(page, "<b>&gt;  16 *LOAD block 0"));
}

TEST(Html, marks_where_expected_and_actual_part) {
  Results results = small_results();
  results.cases[1].failure->expected = "state LOCKED now";
  results.cases[1].failure->actual = "state SELECTABLE now";
  EXPECT_TRUE(has(html(results), "<pre>state <mark>LOCKED</mark> now</pre>")) << "what is alike is not marked";
}

TEST(Html, a_mark_never_splits_a_character) {
  Results results = small_results();
  results.cases[1].failure->expected = "abc \xC3\xA5 xyz";
  results.cases[1].failure->actual = "abc \xC3\xA4 xyz";
  EXPECT_TRUE(has(html(results), "<pre>abc <mark>\xC3\xA5</mark> xyz</pre>"));
}

TEST(Html, asks_for_nothing_from_anywhere) {
  std::string page = html(rich_results());
  for (const char* part :
       {"src=", "url(", "@import", "fetch(", "XMLHttpRequest", "import(", "<iframe", "<img", "<link rel=\"style"}) {
    EXPECT_FALSE(has(page, part)) << part;
  }
  EXPECT_TRUE(has(page, "default-src 'none'"));
}

TEST(Html, its_script_writes_text_and_never_markup) {
  const std::string page = html({});
  for (const char* part : {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function("}) {
    EXPECT_FALSE(has(page, part)) << part;
  }
}

TEST(Html, hostile_text_opens_no_element) {
  const std::string plain = html(filled_with("plain"));
  for (const std::string& text : hostile_texts()) {
    if (text.empty()) continue;  // has fewer elements
    const std::string page = html(filled_with(text));
    for (const char* element :
         {"<script", "</script", "<img", "<style", "</style", "<title", "<noscript", "<!--", "<details", "<h1"}) {
      EXPECT_EQ(times(page, element), times(plain, element)) << element << " in " << text.substr(0, 60);
    }
    EXPECT_TRUE(std::all_of(page.begin(), page.end(),
                            [](char c) { return c == '\n' || static_cast<unsigned char>(c) >= 0x20; }));
  }
}

TEST(Html, a_run_of_nothing_is_a_page_too) { EXPECT_TRUE(has(html({}), "No cases were run")); }

TEST(Html, the_same_results_are_the_same_page) { EXPECT_EQ(html(rich_results()), html(rich_results())); }

TEST(Html, two_hundred_thousand_events_stay_under_a_hundred_bytes_each) {
  EXPECT_LT(html(big_results(2000, 100)).size(), 20'000'000u);
}

}  // namespace
}  // namespace cw::report
