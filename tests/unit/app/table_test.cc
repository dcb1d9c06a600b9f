// Tables for people: aligned, within the terminal, and safe to print.
#include "app/table.h"

#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>

namespace cw::app {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

TEST(Table, columns_are_aligned_and_lines_have_no_space_at_the_end) {
  const Table table{"registry", {"AID", "state"}, {{"A000", "SELECTABLE"}, {"A00000015100", ""}}};
  EXPECT_EQ(lines_of(table.format(Terminal{})),
            (std::vector<std::string>{"registry", "AID           state", "A000          SELECTABLE", "A00000015100"}));
}

TEST(Table, without_headings_there_are_only_rows) {
  EXPECT_EQ((Table{{}, {"", ""}, {{"a", "b"}}}).format(Terminal{}), "a  b\n");
}

TEST(Table, a_character_of_several_bytes_takes_one_column) {
  EXPECT_EQ((Table{{}, {"", ""}, {{"Zoë", "x"}, {"Zoe", "y"}}}).format(Terminal{}), "Zoë  x\nZoe  y\n");
}

TEST(Table, nothing_is_cut_off_on_a_narrow_terminal) {
  Terminal narrow;
  narrow.width = 40;
  const std::string hash(64, 'F');
  const auto lines = lines_of((Table{{}, {"name", "hash"}, {{"SHA-256", hash}}}).format(narrow));
  size_t digits = 0;
  for (const std::string& line : lines) {
    EXPECT_LT(line.size(), 40u);
    digits += static_cast<size_t>(std::count(line.begin(), line.end(), 'F'));
  }
  EXPECT_EQ(digits, 64u);
}

TEST(Table, a_card_cannot_move_the_cursor) {
  const std::string text = (Table{"\x1b]0;title\x07",
                                  {"a\r"},
                                  {{"\x1b[2J\n"},
                                   {"\xC2\x9B"
                                    "31m"}}})
                               .format(Terminal{});
  for (const char c : text) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
  EXPECT_EQ(text.find("\xC2\x9B"), std::string::npos);
  EXPECT_NE(text.find("\\x1B[2J\\x0A"), std::string::npos);
}

TEST(Printable, text_stays_and_what_is_no_text_is_written_out) {
  EXPECT_EQ(printable("Zoë 東京 🂡"), "Zoë 東京 🂡");
  EXPECT_EQ(printable("\xA0\x9B"), "\\xA0\\x9B");
  EXPECT_EQ(printable("\xC0\xAF"), "\\xC0\\xAF") << "longer than it need be";
  EXPECT_EQ(printable("\xED\xA0\x80"), "\\xED\\xA0\\x80") << "half of a pair";
  EXPECT_EQ(printable("\xE6\x9D"), "\\xE6\\x9D") << "cut off";
  EXPECT_EQ(printable("a\xE2\x80\xAE\xD8\x9C"), "a\\xE2\\x80\\xAE\\xD8\\x9C") << "turns the direction";
  EXPECT_EQ(printable("\xF4\x90\x80\x80"), "\\xF4\\x90\\x80\\x80") << "past the last character";
}

TEST(Table, reads_what_a_script_gives) {
  const Table table = Table::parse({{"title", "t"}, {"columns", {"a"}}, {"rows", {{"1"}, {"2"}}}});
  EXPECT_EQ(table.title, "t");
  EXPECT_EQ(table.rows.size(), 2u);
}

}  // namespace
}  // namespace cw::app
