#include "batch/table.h"

#include "base/error.h"
#include "story.h"

namespace cw::batch {
namespace {

class TableTest : public Story {};

TEST_F(TableTest, ColumnsAreArgumentsAndRowsAreKnownByTheFirstThatIsNotSecret) {
  const Table people = table("holder,number,count\nAda,1,2\n\"Lovelace, A.\",2,\n");
  EXPECT_EQ(people.key_column(), "number");
  ASSERT_EQ(people.rows().size(), 2U);
  EXPECT_EQ(people.rows()[0].key, "1");
  EXPECT_EQ(people.rows()[1].line, 3U);
  const engine::Arguments second = people.arguments(people.rows()[1]);
  EXPECT_EQ(std::get<std::string>(second.values.at("number")), "2");
  EXPECT_EQ(std::get<engine::SecretArgument>(second.values.at("holder")).size, 12U);
  EXPECT_EQ(second.secrets.at("holder").size(), 12U);
  EXPECT_FALSE(second.values.contains("count"));
  EXPECT_EQ(std::get<std::string>(second.values.at("set")), "isd");
}

TEST_F(TableTest, WhatIsTheSameForAllRowsComesFromSettings) {
  std::vector<engine::Setting> common;
  common.push_back({"count", std::string("7")});
  common.push_back({"holder", Secret::copy(view("Ada"))});
  const Table people = table("number\n1\n2\n", std::move(common));
  for (const Row& row : people.rows()) {
    const engine::Arguments arguments = people.arguments(row);
    EXPECT_EQ(std::get<int64_t>(arguments.values.at("count")), 7);
    EXPECT_EQ(arguments.secrets.at("holder").size(), 3U);
  }
}

TEST_F(TableTest, AColumnOfAnyNameMayNameTheRows) {
  const Table people = table("staff_id,number\nx7,1\n", {}, "staff_id");
  EXPECT_EQ(people.rows()[0].key, "x7");
  EXPECT_FALSE(people.arguments(people.rows()[0]).values.contains("staff_id"));
}

TEST_F(TableTest, EmptyInQuotesIsGivenAndNothingAtAllIsNot) {
  EXPECT_EQ(refusal("number,holder\n1,\n"), "");
  EXPECT_TRUE(refusal("number,holder\n1,\"\"\n").starts_with("line 2: argument holder: is empty"));
  EXPECT_EQ(refusal("number,count\n\"\",1\n", {}, "count"), "");
  EXPECT_EQ(refusal("number,count\n,1\n", {}, "count"), "line 2: argument number: is empty, and the flow needs it");
}

TEST_F(TableTest, NamesColumnsThatMakeNoSense) {
  EXPECT_EQ(refusal("numbr\n1\n"),
            "people.csv: line 1: column 'numbr' is no argument of flow test; did you mean 'number'?; see them with: "
            "cardwright flow info test");
  EXPECT_EQ(refusal("number,number\n1,1\n"), "people.csv: line 1: column 'number' is there twice");
  EXPECT_EQ(refusal("number;count\n1;1\n"),
            "people.csv: line 1: its columns are separated by ';', and must be by ','; save it as CSV with commas");
  EXPECT_EQ(refusal("number\n1\n", {}, "nmber"),
            "people.csv: line 1: no column 'nmber', which --key names; did you mean 'number'?");
  EXPECT_EQ(refusal("holder,number\nA,1\n", {}, "holder"),
            "people.csv: line 1: column 'holder' is secret and cannot name the rows in the results; add another");
  std::vector<engine::Setting> same;
  same.push_back({"number", std::string("1")});
  EXPECT_EQ(refusal("number\n1\n", std::move(same)),
            "people.csv: argument number is a column and is given with --set too; leave one out");
}

TEST_F(TableTest, ARequiredArgumentNeedsAColumnOrASetting) {
  EXPECT_EQ(refusal("count\n1\n"),
            "people.csv: argument number of flow test has no column, and is not given for all rows with --set "
            "number=VALUE");
}

TEST_F(TableTest, AFileWithoutRowsIsRefused) {
  EXPECT_EQ(refusal(""), "people.csv: is empty; its first line names the columns");
  EXPECT_EQ(refusal("number\n\n"), "people.csv: has a line of column names and no rows");
}

TEST_F(TableTest, EveryBadRowIsNamedByItsLine) {
  EXPECT_EQ(refusal("number,count\n1,2\n2,0\n123456789,1\n3\n1,1\n,1\n4,x\n"),
            "line 3: argument count: 0 is below 1\n"
            "line 4: argument number: is 9 bytes, and must be at most 8\n"
            "line 5: has 1 fields, and the header has 2; a comma inside a field needs quotes around the field\n"
            "line 6: column number has '1', as line 2 has; it names the row, so it must be there once\n"
            "line 7: column number is empty, and names the row\n"
            "line 8: argument count: 'x' is not a whole number");
}

TEST_F(TableTest, TheFirstTwentyBadRowsAreKeptAndAllAreCounted) {
  std::string csv = "number,count\n";
  for (int i = 0; i < 30; ++i) csv += std::to_string(i) + ",0\n";
  const Table people = table(csv);
  EXPECT_EQ(people.bad_rows().size(), 20U);
  EXPECT_EQ(people.bad_count(), 30U);
}

TEST_F(TableTest, ASecretThatIsTooLongIsNotQuoted) {
  const std::string what = refusal("number,holder\n1,hush-hush-hush-hush\n");
  EXPECT_EQ(what, "line 2: argument holder: is 19 bytes, and must be at most 16");
}

// Who fills in a table must not choose which files of the operator are read.
TEST_F(TableTest, AnAtSignInAFieldReadsNoFile) {
  file("secret.txt", "hush");
  const Table people = table("number,holder\n@x,@secret.t\n");
  const engine::Arguments row = people.arguments(people.rows()[0]);
  EXPECT_EQ(std::get<std::string>(row.values.at("number")), "@x");
  EXPECT_EQ(row.secrets.at("holder").size(), 9U);
}

TEST_F(TableTest, AKeySetThatNoStoreHasIsFoundBeforeAnyCard) {
  EXPECT_TRUE(refusal("number,set\n1,isd\n2,wrnog\n").starts_with("line 3: "));
  EXPECT_EQ(refusal("number,set\n1,isd\n2,wrong\n"), "");
}

TEST_F(TableTest, ARowIsNamedByOneLineOfText) {
  EXPECT_TRUE(refusal("id,number\n\"a\nb\",1\n", {}, "id").starts_with("line 2: column id names the row: at most 128"));
  EXPECT_NE(refusal("id,number\n" + std::string(129, 'x') + ",1\n", {}, "id"), "");
  EXPECT_EQ(refusal("id,number\n" + std::string(128, 'x') + ",1\n", {}, "id"), "");
}

}  // namespace
}  // namespace cw::batch
