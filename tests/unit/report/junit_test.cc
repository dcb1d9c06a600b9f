// JUnit XML, read by xmllint against a schema of its own (junit.xsd).
#include "report/junit.h"

#include <clocale>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "sample.h"

namespace cw::report {
namespace {

/// Whether xmllint finds the text well-formed and as the schema says.
bool valid(const std::string& xml) {
  const auto file = std::filesystem::temp_directory_path() / ("junit-" + std::to_string(::getpid()) + ".xml");
  std::ofstream(file, std::ios::binary) << xml;
  const std::string command =
      "xmllint --huge --noout --nonet --schema '" CW_SOURCE_DIR "/tests/unit/report/junit.xsd' '" + file.string() + "'";
  const bool good = std::system(command.c_str()) == 0;  // NOLINT(cert-env33-c): a test
  std::filesystem::remove(file);
  return good;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(Junit, is_what_the_schema_says) {
  EXPECT_TRUE(valid(junit(small_results())));
  EXPECT_TRUE(valid(junit(rich_results())));
  EXPECT_TRUE(valid(junit({})));
}

TEST(Junit, the_schema_would_find_a_mistake) {
  std::string xml = junit(small_results());
  xml.replace(xml.find("<failure"), 8, "<failed_");
  EXPECT_FALSE(valid(xml));
}

TEST(Junit, says_what_failed_and_why) {
  const std::string xml = junit(small_results());
  EXPECT_TRUE(
      has(xml, "<testsuites name=\"cardwright 0.2.0\" tests=\"3\" failures=\"1\" errors=\"0\" time=\"1.234000\">"))
      << xml;
  EXPECT_TRUE(has(xml, "<testsuite name=\"sim.generic\" tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\"")) << xml;
  EXPECT_TRUE(has(xml, "timestamp=\"2026-03-01T12:00:00\"")) << xml;
  EXPECT_TRUE(has(xml, "<property name=\"seed\" value=\"42\"/>")) << xml;
  EXPECT_TRUE(has(xml, "<property name=\"card\" value=\"sim:generic\"/>")) << xml;
  EXPECT_TRUE(has(xml, "<property name=\"flavor\" value=\"generic\"/>")) << xml;
  EXPECT_TRUE(has(xml, "<skipped message=\"needs a real reader\"/>")) << xml;
  EXPECT_TRUE(has(xml, "message=\"LOAD block 0 of transit-2.1.cap was refused\">")) << xml;
  EXPECT_TRUE(has(xml, "expected: 9000 done\nactual:   6A84 not enough memory space\n")) << xml;
  EXPECT_TRUE(has(xml, "&gt;  16 *LOAD block 0")) << xml;
}

TEST(Junit, a_suite_per_card_and_flavor) {
  const std::string xml = junit(rich_results());
  for (const char* flavor : {"generic", "uicc", "jcop4", "secora", "smartcafe", "yubikey"}) {
    EXPECT_TRUE(has(xml, std::string("<testsuite name=\"sim.") + flavor + "\" tests=\"8\"")) << flavor;
  }
}

TEST(Junit, seconds_have_a_dot_in_a_locale_with_commas) {
  const char* found = nullptr;
  for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"}) {
    if (found == nullptr) found = std::setlocale(LC_ALL, name);
  }
  // Without such a locale here, this is what the test above shows.
  EXPECT_TRUE(has(junit(small_results()), "time=\"1.234000\""));
  std::setlocale(LC_ALL, "C");
}

TEST(Junit, any_text_leaves_it_valid) {
  for (const std::string& text : hostile_texts()) EXPECT_TRUE(valid(junit(filled_with(text)))) << text.substr(0, 60);
}

TEST(Junit, a_very_long_trace_is_cut_around_the_point) {
  const std::string xml = junit(big_results(500, 5000));
  EXPECT_TRUE(has(xml, "&gt; 2501 "));
  EXPECT_TRUE(has(xml, "\n  3000 ") || has(xml, "  3000 "));
  EXPECT_FALSE(has(xml, "  3001 "));
  EXPECT_FALSE(has(xml, "  1000 "));
}

}  // namespace
}  // namespace cw::report
