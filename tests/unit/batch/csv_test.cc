#include "batch/csv.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace cw::batch {
namespace {

using Rows = std::vector<std::vector<std::string>>;

Rows read(std::string_view text) {
  CsvReader reader(view(text), "people.csv");
  Rows out;
  for (CsvRecord record; reader.next(record);) {
    out.emplace_back();
    for (const CsvField& field : record.fields) out.back().push_back(to_string(field.text));
  }
  return out;
}

std::string refusal(std::string_view text) {
  try {
    read(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.message();
  }
  return "accepted";
}

// The examples of RFC 4180, section 2.
TEST(Csv, ReadsTheExamplesOfTheRfc) {
  const Rows plain = {{"aaa", "bbb", "ccc"}, {"zzz", "yyy", "xxx"}};
  EXPECT_EQ(read("aaa,bbb,ccc\r\nzzz,yyy,xxx\r\n"), plain);
  EXPECT_EQ(read("aaa,bbb,ccc\r\nzzz,yyy,xxx"), plain);
  EXPECT_EQ(read("\"aaa\",\"bbb\",\"ccc\"\r\nzzz,yyy,xxx"), plain);
  EXPECT_EQ(read("\"aaa\",\"b\r\nbb\",\"ccc\"\r\nzzz,yyy,xxx"),
            (Rows{{"aaa", "b\r\nbb", "ccc"}, {"zzz", "yyy", "xxx"}}));
  EXPECT_EQ(read("\"aaa\",\"b\"\"bb\",\"ccc\""), (Rows{{"aaa", "b\"bb", "ccc"}}));
}

TEST(Csv, TakesLineFeedsAloneAndPassesOverEmptyLines) {
  EXPECT_EQ(read("a,b\n\n\r\nc,d\n\n"), (Rows{{"a", "b"}, {"c", "d"}}));
}

TEST(Csv, AByteOrderMarkIsNoPartOfTheFirstField) {
  EXPECT_EQ(read("\xEF\xBB\xBF"
                 "number\n1\n"),
            (Rows{{"number"}, {"1"}}));
}

TEST(Csv, KeepsSpacesAndUtf8AsTheyAre) { EXPECT_EQ(read(" Zoë ,\"李 \"\n"), (Rows{{" Zoë ", "李 "}})); }

TEST(Csv, TellsAnEmptyFieldFromOneThatIsNotThere) {
  CsvReader reader(view("\"\",,\n"), "x");
  CsvRecord record;
  ASSERT_TRUE(reader.next(record));
  ASSERT_EQ(record.fields.size(), 3U);
  EXPECT_TRUE(record.fields[0].quoted);
  EXPECT_FALSE(record.fields[1].quoted);
  EXPECT_FALSE(record.fields[2].quoted);
}

TEST(Csv, CountsTheLinesOfTheFileInsideQuotesToo) {
  CsvReader reader(view("a\n\"b\nb\nb\"\n\nc\n"), "x");
  std::vector<size_t> lines;
  for (CsvRecord record; reader.next(record);) lines.push_back(record.line);
  EXPECT_EQ(lines, (std::vector<size_t>{1, 2, 6}));
}

TEST(Csv, NamesTheLineOfWhatIsWrong) {
  EXPECT_EQ(refusal("a\n\"b\n\nc"), "people.csv line 2: a quote is opened and not closed");
  EXPECT_TRUE(refusal("a\nb\"c\n").starts_with("people.csv line 2: a quote inside a field"));
  EXPECT_TRUE(refusal("a\n\"b\nb\"c\n").starts_with("people.csv line 3: text behind a closing quote"));
  EXPECT_TRUE(refusal("a\rb\r").starts_with("people.csv line 1: a carriage return without a line feed"));
}

TEST(Csv, RefusesWhatIsNoUtf8) {
  for (const std::string_view bad :
       {"\x80", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF5\x80", "\xE2\x82", "M\xFCller"}) {
    EXPECT_EQ(refusal("a,b\nx," + std::string(bad) + "\n"),
              "people.csv line 2: field 2 is no UTF-8 text; save the file as UTF-8");
    EXPECT_EQ(refusal("a,b\nx,\"" + std::string(bad) + "\"\n"),
              "people.csv line 2: field 2 is no UTF-8 text; save the file as UTF-8");
  }
  EXPECT_TRUE(refusal(std::string_view("a\n\0\n", 4)).starts_with("people.csv line 2: field 1 is no UTF-8"));
}

TEST(Csv, RefusesFieldsAndRecordsOverTheLimits) {
  const std::string limit(CsvReader::kFieldLimit, 'x');
  EXPECT_EQ(refusal(limit), "accepted");
  EXPECT_EQ(refusal("\"" + limit + "\""), "accepted");
  EXPECT_NE(refusal(limit + "x"), "accepted");
  EXPECT_NE(refusal("\"" + limit + "x\""), "accepted");
  EXPECT_EQ(refusal(std::string(CsvReader::kColumnLimit - 1, ',')), "accepted");
  EXPECT_EQ(refusal(std::string(CsvReader::kColumnLimit, ',')), "people.csv line 1: more than 256 fields");
}

TEST(Csv, WhatIsWrittenReadsBackTheSame) {
  const Rows rows = {{""}, {"a", ""}, {"a,b", "c\"d", "e\nf"}, {"\r"}, {"\"\""}, {" "}};
  std::string text;
  for (const auto& row : rows) text += csv_line(row);
  EXPECT_EQ(read(text), rows);
}

TEST(Csv, EndsForEveryPrefixOfAFile) {
  const std::string text = "\xEF\xBB\xBFholder,number\r\n\"Zoë \"\"Z\"\"\r\nX\",1\r\n\r\n李,\"\"\r\n";
  for (size_t size = 0; size <= text.size(); ++size) refusal(std::string_view(text).substr(0, size));
}

}  // namespace
}  // namespace cw::batch
