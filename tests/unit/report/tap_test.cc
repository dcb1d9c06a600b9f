// TAP, read back by Perl's own parser (tap_read.pl).
#include "report/tap.h"

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "sample.h"

namespace cw::report {
namespace {

std::string tap_of(const Results& results) {
  std::ostringstream out;
  Tap tap(out);
  tap.begin();
  for (const Case& one : results.cases) tap.add(one);
  tap.end();
  return out.str();
}

/// What Perl's parser says of it: a line per test, "ok|not ok <number> <directive> <description>", then its counts.
std::string read_back(const std::string& tap) {
  const auto file = std::filesystem::temp_directory_path() / ("tap-" + std::to_string(::getpid()) + ".tap");
  std::ofstream(file, std::ios::binary) << tap;
  const std::string command = "perl '" CW_SOURCE_DIR "/tests/unit/report/tap_read.pl' '" + file.string() + "' 2>&1";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::string out;
  std::array<char, 4096> part{};
  while (const size_t size = std::fread(part.data(), 1, part.size(), pipe.get())) out.append(part.data(), size);
  std::filesystem::remove(file);
  return out;
}

TEST(Tap, another_parser_reads_what_was_written) {
  const std::string read = read_back(tap_of(small_results()));
  EXPECT_NE(read.find("ok 1 '' 'a01_select [generic]'\n"), std::string::npos) << read;
  EXPECT_NE(read.find("not ok 2 '' 'c01_install [generic]'\n"), std::string::npos) << read;
  EXPECT_NE(read.find("ok 3 'SKIP needs a real reader' 'e01_reader [generic]'\n"), std::string::npos) << read;
  EXPECT_NE(read.find("plan 3, run 3, passed 2, failed 1, skipped 1, errors 0"), std::string::npos) << read;
}

TEST(Tap, a_failure_has_a_block_that_says_why) {
  const std::string read = read_back(tap_of(small_results()));
  EXPECT_NE(read.find("yaml message=LOAD block 0 of transit-2.1.cap was refused\n"), std::string::npos) << read;
  EXPECT_NE(read.find("yaml expected=9000 done\n"), std::string::npos) << read;
  EXPECT_NE(read.find("yaml actual=6A84 not enough memory space\n"), std::string::npos) << read;
  EXPECT_NE(read.find("yaml likely=the card's memory is full"), std::string::npos) << read;
  EXPECT_NE(read.find("yaml where=tests/scenarios/c01_install.lua:31\n"), std::string::npos) << read;
  EXPECT_NE(read.find("trace >  16 *LOAD block 0"), std::string::npos) << read;
}

TEST(Tap, the_trace_is_five_events_before_and_two_after) {
  const std::string tap = tap_of(small_results());
  EXPECT_NE(tap.find("\"   11 "), std::string::npos) << tap;
  EXPECT_EQ(tap.find("\"   10 "), std::string::npos) << tap;
  EXPECT_NE(tap.find("\"   18 "), std::string::npos) << tap;
  EXPECT_EQ(tap.find("\"   19 "), std::string::npos) << tap;
}

TEST(Tap, no_text_becomes_a_test_a_directive_or_an_end) {
  for (const std::string& text : hostile_texts()) {
    const std::string tap = tap_of(filled_with(text));
    const std::string read = read_back(tap);
    EXPECT_NE(read.find("plan 3, run 3, passed 2, failed 1, skipped 1, errors 0"), std::string::npos)
        << text.substr(0, 60) << "\n"
        << read.substr(0, 2000);
    EXPECT_EQ(read.find("unknown"), std::string::npos) << text.substr(0, 60);
    for (const char c : tap) {
      ASSERT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << "a control character in the output";
    }
  }
}

TEST(Tap, a_run_of_nothing_is_a_plan_of_nothing) {
  EXPECT_EQ(tap_of({}), "TAP version 13\n1..0 # SKIP no scenario was run\n");
}

TEST(Tap, a_run_that_stops_says_so) {
  std::ostringstream out;
  Tap tap(out);
  tap.begin();
  tap.bail_out("interrupted\nok 1 - forged");
  EXPECT_EQ(out.str(), "TAP version 13\nBail out!  interrupted\\x0Aok 1 - forged\n");
}

}  // namespace
}  // namespace cw::report
