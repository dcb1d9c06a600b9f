#include <gtest/gtest.h>

#include "story.h"

namespace cw::modules::test {

using Kind = host::Note::Kind;

TEST(Log, TellsLinesByLevel) {
  Story story;
  story.run("log.debug('a') log.info('b') log.warn('c')");
  ASSERT_EQ(story.outside.notes.size(), 3u);
  EXPECT_EQ(story.outside.notes[0].name + story.outside.notes[0].text, "debuga");
  EXPECT_EQ(story.outside.notes[1].name + story.outside.notes[1].text, "infob");
  EXPECT_EQ(story.outside.notes[2].name + story.outside.notes[2].text, "warnc");
  EXPECT_EQ(story.outside.notes[2].kind, Kind::log);
}

TEST(Log, TellsProgress) {
  Story story;
  story.run("log.progress('LOAD', 3, 130)");
  const host::Note& note = story.outside.notes.at(0);
  EXPECT_EQ(note.kind, Kind::progress);
  EXPECT_EQ(note.text, "LOAD");
  EXPECT_EQ(note.done, 3u);
  EXPECT_EQ(note.total, 130u);
}

TEST(Log, TellsSteps) {
  Story story;
  story.run("log.step('begin', 'domain') log.step('end', 'domain') log.step('skip', 'keys')");
  ASSERT_EQ(story.outside.notes.size(), 3u);
  EXPECT_EQ(story.outside.notes[0].kind, Kind::step_begin);
  EXPECT_EQ(story.outside.notes[1].kind, Kind::step_end);
  EXPECT_EQ(story.outside.notes[2].kind, Kind::step_skip);
  EXPECT_EQ(story.outside.notes[2].name, "keys");
}

TEST(Log, GivesResultsAsTableAndAsData) {
  Story story;
  story.run(
      "log.table('Registry', { 'AID', 'state' }, { { 'A0', 'SECURED' }, { 'F0', 'LOADED' } }) "
      "log.result('registry', { count = 2 })");
  ASSERT_EQ(story.outside.notes.size(), 2u);
  EXPECT_EQ(story.outside.notes[0].kind, Kind::output);
  EXPECT_EQ(story.outside.notes[0].name, "table");
  EXPECT_EQ(story.outside.notes[0].text,
            R"({"columns":["AID","state"],"rows":[["A0","SECURED"],["F0","LOADED"]],"title":"Registry"})");
  EXPECT_EQ(story.outside.notes[1].name, "json");
  EXPECT_EQ(story.outside.notes[1].text, R"({"name":"registry","value":{"count":2}})");
}

TEST(Log, RefusesWhatCannotBeShown) {
  for (const char* call :
       {"log.info(5)", "log.info()", "log.info(('a'):rep(5000))", "log.progress('x', -1, 2)", "log.progress('x', 1)",
        "log.table('t', { 'a' }, { { 'x', 'y' } })", "log.table('t', { 'a' }, { 'x' })",
        "log.table('t', { 'a' }, { { 5 } })", "log.table('t', 'a', {})", "log.table('t', { 'a' }, { { '\\255' } })",
        "log.result('x', card)", "log.result('x', '\\255')", "log.result()", "log.step('stop', 'x')",
        "log.step('begin')"}) {
    Story story;
    EXPECT_EQ(story.fail(call).kind(), ErrorKind::usage) << call;
    EXPECT_TRUE(story.outside.notes.empty()) << call;
  }
}

TEST(Log, NeverShowsASecret) {
  Story story;
  story.run("log.info(tostring(holder))");
  EXPECT_EQ(story.outside.notes.at(0).text, "<secret holder 12>");
}

}  // namespace cw::modules::test
