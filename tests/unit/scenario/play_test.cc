// Scenarios as whole plays: what a case says of what happened.
#include "played.h"

namespace cw::scenario {
namespace {

using Status = report::Case::Status;
using Kind = report::Event::Kind;

class PlayTest : public Plays {};

TEST_F(PlayTest, a_story_that_holds_passes_and_its_events_are_kept) {
  const report::Case played = play_body("t:send(hex'00A4040000')");
  EXPECT_EQ(played.status, Status::passed) << why(played);
  EXPECT_EQ(played.card, "sim:generic");
  EXPECT_EQ(played.name, "story");
  ASSERT_EQ(played.events.size(), 3u);
  EXPECT_EQ(played.events[0].kind, Kind::attempt);
  EXPECT_EQ(played.events[1].kind, Kind::reset);
  EXPECT_EQ(played.events[2].name, "SELECT");
  EXPECT_EQ(played.events[2].sw, 0x9000);
}

TEST_F(PlayTest, a_failure_names_the_line_both_values_and_the_command) {
  const report::Case played = play_body("t:send(hex'00A4040000')\nt:send(hex'00A4040005F000000000')\n");
  ASSERT_EQ(played.status, Status::failed);
  EXPECT_EQ(played.failure->where, story("") + ":4");
  EXPECT_EQ(played.failure->expected, "9000");
  EXPECT_EQ(played.failure->actual, "6A82");
  EXPECT_NE(played.failure->likely.find("6A82"), std::string::npos) << played.failure->likely;
  ASSERT_TRUE(played.failure->at);
  EXPECT_EQ(played.events.at(*played.failure->at).sw, 0x6A82);
}

TEST_F(PlayTest, an_expectation_that_the_story_caught_is_not_what_failed) {
  const report::Case played = play_body("pcall(t.equal, t, 1, 2)\nerror('something else')");
  ASSERT_EQ(played.status, Status::failed);
  EXPECT_EQ(played.failure->expected, "");
  EXPECT_NE(why(played).find("something else"), std::string::npos);
}

TEST_F(PlayTest, a_fault_that_never_happened_fails_the_story) {
  const report::Case played = play_body("t:fault(fault.drop 'LOAD')");
  ASSERT_EQ(played.status, Status::failed);
  EXPECT_NE(why(played).find("'drop, LOAD' never happened"), std::string::npos) << why(played);
}

TEST_F(PlayTest, a_story_that_runs_for_too_long_is_stopped) {
  const report::Case played = play_body("require('clock').sleep(0.01) while true do end", "seconds = 1,");
  ASSERT_EQ(played.status, Status::failed);
  EXPECT_NE(why(played).find("instructions"), std::string::npos) << why(played);
  const report::Case sleeper = play_body("while true do require('clock').sleep(1000) end", "seconds = 1,");
  ASSERT_EQ(sleeper.status, Status::failed);
}

TEST_F(PlayTest, keys_and_capabilities_that_are_missing_skip_it_with_the_reason) {
  EXPECT_EQ(
      play(file("keys.lua", "return { summary = 'x', needs = { keys = { 'nobody' } }, run = function() end }")).reason,
      "needs the key set 'nobody', and the key store has none of that name");
  const auto bundle = library()->with_file(
      file("scp02.lua", "return { summary = 'x', needs = { card = { 'scp02' } }, run = function() end }"));
  const std::string path = (folder_ / "scp02.lua").generic_string();
  const report::Case played =
      scenario::play({bundle, policy(), 1, true, nullptr}, read_scenario(*bundle, path), supply_, "jcop4");
  EXPECT_EQ(played.status, Status::skipped);
  EXPECT_NE(played.reason.find("SCP02"), std::string::npos) << played.reason;
}

TEST_F(PlayTest, a_story_is_a_hostile_script_like_any_other) {
  for (const char* body :
       {"while true do end", "local s = 'x' while true do s = s .. s end", "return os.exit(0)",
        "require('stage').ask('nonsense', {})", "require('stage').ask('run', { flow = 7 })",
        "require('stage').ask('run', 1)", "require('stage').ask('answer', {})",
        "require('stage').ask('fault', { kind = 7 })", "require('stage').ask('tear', {})",
        "require('stage').ask('run', { flow = 'demo/inventory', args = 7 })",
        "require('stage').ask('run', { flow = 'demo/inventory', attempts = 'x' })",
        "require('stage').ask('run', { flow = 'demo/inventory', policy = 7 })",
        "require('stage').ask('fail', 3) error('x')", "require('stage').ask('run', { flow = '../../etc/passwd.lua' })",
        "t:run('demo/inventory', { cap = { file = '/etc/passwd' } })",
        "t.card:send(hex'8050000008' .. ('x'):rep(8))"}) {
    EXPECT_EQ(play_body(body).status, Status::failed) << body;
  }
  EXPECT_EQ(play_body("t:send(hex'00A4040000')").status, Status::passed) << "the next one is unharmed";
}

TEST_F(PlayTest, the_same_seed_gives_the_same_commands) {
  const std::string body =
      "t:send(hex'80CA9F7F00') t:send(hex'00A40400' .. '\\8' .. require('random').bytes(8), 0x6A82)";
  const auto sent = [&] {
    std::string out;
    for (const report::Event& event : play_body(body).events) out += event.sent + " " + event.answer + "\n";
    return out;
  };
  EXPECT_EQ(sent(), sent());
}

TEST_F(PlayTest, what_a_flow_did_is_told) {
  const report::Case played = play_body(R"(
    local done = t:run("demo/inventory")
    t:equal(done.ok, true)
    t:equal(done.attempts, 1)
    t:equal(done.commands[1].name, "SELECT")
    t:expect(#done.tables > 0, "the flow gave a table")
    t:audit(done, { "reset", "INITIALIZE UPDATE 9000", "channel with key set isd" }))");
  EXPECT_EQ(played.status, Status::passed) << why(played);
}

TEST_F(PlayTest, the_cards_memory_is_the_one_that_is_given) {
  se::Card used(se::flavor("generic"));
  used.reset();
  used.process(from_hex("00A4040000"));
  file("card.json", used.save());
  const report::Case played = play_body("t:send(hex'00A4040000')", "given = { card = 'card.json' },");
  EXPECT_EQ(played.status, Status::passed) << why(played);
  file("card.json", "{}");
  EXPECT_EQ(play_body("t:send(hex'00A4040000')", "given = { card = 'card.json' },").status, Status::failed);
}

}  // namespace
}  // namespace cw::scenario
