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
      "needs the key set 'nobody', and the key store has none of that name; --keys names another");
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
  EXPECT_NE(why(play_body("", "given = { card = 'card.json' },")).find("given.card " + folder_.generic_string()),
            std::string::npos);
  EXPECT_EQ(play_body("t:send(hex'00A4040000')", "given = { card = 'card.json' },").status, Status::failed);
}

TEST_F(PlayTest, a_card_memory_of_the_wrong_shape_fails_the_story_and_not_the_program) {
  for (const char* memory :
       {R"({"format":7})", R"({"format":"cardwright-card","version":1,"flavor":7})", "[]", "7", ""}) {
    file("card.json", memory);
    EXPECT_EQ(play_body("", "given = { card = 'card.json' },").status, Status::failed) << memory;
  }
}

TEST_F(PlayTest, a_secret_is_for_a_secret_argument_and_nothing_else) {
  file("secret.lua", R"(return { name = 'secret', summary = 'x', run = function() end, args = {
    pin = { type = 'secret', help = 'a PIN' }, name = { type = 'string', help = 'a name' } } })");
  const std::string name = why(play_body("t:run('secret.lua', { pin = { secret = '1' }, name = { secret = '2' } })"));
  EXPECT_NE(name.find("argument name: is no secret"), std::string::npos) << name;
  const std::string pin = why(play_body("t:run('secret.lua', { pin = '98765', name = 'x' })"));
  EXPECT_NE(pin.find("argument pin: is secret; write pin = { secret = TEXT }"), std::string::npos) << pin;
  EXPECT_EQ(pin.find("98765"), std::string::npos) << pin;
}

TEST_F(PlayTest, stored_data_that_is_not_as_expected_is_told_without_it) {
  const report::Case played = play_body(R"(
    local channel = t.card:open_channel { keys = 'isd' }
    channel:expect(apdu.command { ins = 0xE2, p1 = 0x90, data = '\x45\6Zaphod' })
    t:stored(t.flavor.isd_aid, 0x45, '\x45\6Zarniwoop'))");
  ASSERT_EQ(played.status, Status::failed);
  EXPECT_EQ(played.failure->expected, "11 bytes");
  EXPECT_EQ(played.failure->actual, "8 bytes, others from byte 5 on");
}

class BackendTest : public Plays {
 protected:
  void SetUp() override {
    Plays::SetUp();
    file("policy.lua", "return { name = 'p', api = 1, allow = { backends = { ['https://sei.example/'] = {} } } }");
    file("ask.lua", R"(
      local http = require 'http'
      return { name = 'ask', summary = 'x', needs = { backends = { 'https://sei.example/' } }, run = function(run)
        local reply = http.request { method = 'GET', url = 'https://sei.example/a' }
        run:output('status', reply.status) run:output('tag', reply.headers['x-tag'] or 'none')
      end })");
  }
  report::Case play_with(const std::string& handler, const std::string& after) {
    return play_body("t:backend('https://sei.example/', function(call) " + handler + " end)\n" + after,
                     "policy = 'policy.lua',");
  }
};

TEST_F(BackendTest, its_headers_reach_the_flow) {
  const report::Case played = play_with("return { headers = { ['x-tag'] = 'blue' } }",
                                        "t:equal(t:run('ask.lua').outputs, { status = 200, tag = 'blue' })");
  EXPECT_EQ(played.status, Status::passed) << why(played);
  const report::Case none =
      play_with("return { headers = {} }", "t:equal(t:run('ask.lua').outputs, { status = 200, tag = 'none' })");
  EXPECT_EQ(none.status, Status::passed) << why(none);
}

TEST_F(BackendTest, an_answer_that_is_none_is_named) {
  for (const char* answer :
       {"5", "false", "'text'", "{ status = 'x' }", "{ status = -1 }", "{ status = 99999999999 }", "{ status = 200.5 }",
        "{ headers = 'x' }", "{ headers = { 5 } }", "{ headers = { a = {} } }"}) {
    const report::Case played = play_with("return " + std::string(answer), "t:run('ask.lua')");
    EXPECT_EQ(played.status, Status::failed) << answer;
    EXPECT_NE(why(played).find("the scenario's backend"), std::string::npos) << answer << ": " << why(played);
  }
  EXPECT_NE(why(play_body("t:backend('https://x/', 'no function')")).find("t:backend takes"), std::string::npos);
}

TEST_F(BackendTest, a_flow_that_is_run_while_another_waits_ends_that_one) {
  const report::Case nested = play_with("t:run('demo/inventory') return {}", "t:run('ask.lua')");
  EXPECT_EQ(nested.status, Status::failed);
  EXPECT_NE(why(nested).find("is given up when another flow is run"), std::string::npos) << why(nested);
  const report::Case two = play_with("coroutine.yield() return {}", R"(
    local one = coroutine.wrap(function() t:run('ask.lua') end)
    local other = coroutine.wrap(function() t:run('ask.lua') end)
    one() other() one())");
  EXPECT_EQ(two.status, Status::failed);
  EXPECT_NE(why(two).find("is given up when another flow is run"), std::string::npos) << why(two);
}

TEST_F(BackendTest, a_handler_that_raises_leaves_the_stage_as_it_was) {
  const report::Case played = play_with("if not call.again then error('broken') end", R"(
    t:raises({ message = 'broken' }, function() t:run('ask.lua') end)
    t:backend('https://sei.example/', function() return {} end)
    t:run('ask.lua'))");
  EXPECT_EQ(played.status, Status::passed) << why(played);
}

TEST_F(PlayTest, bytes_that_are_no_text_do_not_hide_what_happened) {
  file("loud.lua", R"(return { name = 'loud', summary = 'x', run = function()
    require('log').info('bytes \255\254') error('raised \255') end })");
  const report::Case flow = play_body("t:fails('loud.lua', {}, { kind = 'script', message = 'raised' })");
  EXPECT_EQ(flow.status, Status::passed) << why(flow);
  const report::Case expected = play_body("t:expect(false, 'it is \\255\\254')");
  EXPECT_EQ(why(expected), "it is \\xFF\\xFE");
  EXPECT_EQ(expected.failure->expected, "true");
  EXPECT_EQ(why(play_body("t:expect(false, 'M\\195\\188ller')")), "M\xC3\xBCller");
}

TEST_F(PlayTest, mistakes_in_expectations_are_named_as_such) {
  const auto says = [&](const std::string& body, const std::string& part) {
    const report::Case played = play_body(body);
    EXPECT_EQ(played.status, Status::failed) << body;
    EXPECT_NE(why(played).find(part), std::string::npos) << body << ": " << why(played);
  };
  says("t:send(hex'00A4040000', '9000')", "a status word is a number");
  says("t:registry { ['F063617264770101'] = false }", "is no AID");
  says("t:registry { [7] = false }", "is no AID");
  says("t:run()", "a flow is its name");
  says("t:expect(false)", "what was expected is not so");
  says("t:raises({ message = 'x' }, function() error({}) end)", "the error has no message");
  says("t:raises({ message = 'x' }, function() error(nil) end)", "the error has no message");
  says("t:raises(nil, function() end)", "no error was raised");
  says("t:fault(fault.nvm_full())", "how many bytes");
  says("t:fault(fault.delay(nil, 'LOAD'))", "how many milliseconds");
  says("t:fault(fault.status(nil, 'LOAD'))", "which status word");
  says("t:fault({ kind = 'drop', always = 'yes' })", "always is true or false");
}

}  // namespace
}  // namespace cw::scenario
