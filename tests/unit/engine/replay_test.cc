// Runs that are recorded, and replayed without the card: the same, byte for byte, or the first difference.
#include "engine/replay.h"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/hex.h"
#include "engine/scenario_text.h"
#include "engine/scheduler.h"
#include "factory_keys.h"
#include "se/card.h"
#include "se/flavor.h"
#include "se/sim_reader.h"

namespace cw::engine {
namespace {

/// Loses the card at one command.
class TornReader : public card::Reader {
 public:
  std::string name() const override { return "torn"; }
  Bytes reset() override { return inner_.reset(); }
  Bytes transmit(ByteView command) override {
    if (++commands == lose_at) throw Error(ErrorKind::reader, "the card was removed");
    return inner_.transmit(command);
  }
  int commands = 0;
  int lose_at = 0;

 private:
  se::SimReader inner_{std::make_shared<se::Card>(se::flavor("generic"))};
};

class Sent : public Observer {
 public:
  void exchanged(const host::Command& command, host::ChannelId channel, const host::Answer& answer,
                 std::chrono::nanoseconds) override {
    const bool handshake = command.ins == 0x50 || command.ins == 0x82;  // their data lies below a recording
    lines.push_back(std::to_string(channel) + " " + (handshake ? to_hex(command.ins) : host::canonical(command)) + " " +
                    (handshake ? "" : to_hex(answer.data)) + to_hex16(answer.sw));
  }
  void noted(const host::Note& note) override { lines.push_back(note.name + " " + note.text); }
  std::vector<std::string> lines;
};

struct Recorded {
  std::string text{};
  RunResult result{};
  std::vector<std::string> seen{};
};

class ReplayTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/cw-replay-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  RunSetup setup(const std::string& body, const std::string& policy = "") {
    static const auto bundle = Bundle::load(CW_SOURCE_DIR);
    const std::filesystem::path file = folder_ / "flow.lua";
    std::ofstream(file)
        << "local gp, apdu, hex, keys = require 'cw.gp', require 'apdu', require 'hex', require 'keys'\n"
           "local clock, random, http = require 'clock', require 'random', require 'http'\n"
           "return { name = 'test', summary = 'A test', args = {"
           "pin = { type = 'secret', optional = true }, number = { type = 'string', optional = true } },"
           "needs = { keys = { 'isd' }, backends = { 'https://x.example/' } }, run = function(run)\n"
        << body << "\nend, unused = { gp, apdu, hex, keys, clock, random, http } and nil }";
    RunSetup out;
    out.bundle = bundle->with_file(file);
    out.flow_name = file.generic_string();
    out.policy = Policy::parse("test-policy.lua",
                               "local p = require 'cw.policy' return { name = 'test', api = 1, allow = { backends = { "
                               "['https://x.example/'] = {} } }, " +
                                   policy + " }",
                               *bundle);
    return out;
  }

  RunSetup with(RunSetup given, const std::string& number, const std::string& pin) {
    if (!number.empty()) given.arguments.values["number"] = number;
    if (!pin.empty()) {
      given.arguments.values["pin"] = SecretArgument{static_cast<uint32_t>(pin.size())};
      given.arguments.secrets["pin"] = Secret::copy(view(pin));
    }
    return given;
  }

  Recorded run(RunSetup given, bool all = false) {
    std::ostringstream out;
    Recorder recorder(out, {.all_answers = all});
    Sent sent;
    given.recorder = &recorder;
    given.observer = &sent;
    Scheduler scheduler;
    scheduler.add(std::make_unique<engine::Run>(std::move(given)));
    scheduler.run_all();
    return {out.str(), scheduler.at(0).result(), sent.lines};
  }

  Recorded record(RunSetup given, bool all = false) {
    given.keys = std::make_shared<crypto::FileKeyStore>(
        crypto::FileKeyStore::parse(Secret::copy(view(kFactoryKeys)), "test keys"));
    given.reader = &reader_;
    given.http = [](const host::HttpCall& call) {
      return host::HttpReply{200, {{"x", "y"}}, "reply to " + call.method};
    };
    return run(std::move(given), all);
  }

  /// Without reader, keys and network.
  Recorded replay(RunSetup given, const std::string& text, bool all = false) {
    given.replay = std::make_shared<Replay>(std::make_shared<const Recording>(Recording::parse(text, "x.rec")));
    return run(std::move(given), all);
  }

  std::filesystem::path folder_;
  TornReader reader_;
};

std::string message(const RunResult& result) { return result.error ? result.error->message() : "no error"; }

/// The line of the recording that begins so.
size_t line_of(const std::string& text, const std::string& begin) {
  std::istringstream in(text);
  size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.starts_with(begin)) return number;
  }
  return 0;
}

constexpr const char* kEverything = R"(
    run.card:select(hex"")
    local channel = run.card:open_channel { keys = "isd", level = "mac+enc" }
    channel:send(apdu.command { ins = 0xF2, p1 = 0x80, p2 = 0x02, data = hex"4F00", le = 256 })
    channel:send_all { apdu.command { ins = 0xF2, p1 = 0x40, data = hex"4F00" }, apdu.command { ins = 0xF2, p1 = 0x20, data = hex"4F00" } }
    channel:close()
    pcall(function() run.card:open_channel { keys = "isd", level = "mac", version = 0x77 } end)
    run:print("%s %s %s", clock.now(), hex.encode(random.bytes(8)), random.integer(1, 1000000))
    run:print("%s", hex.encode(keys.info("isd").kcvs[1]))
    clock.sleep(0.005)
    run.card:reset()
    run:step("a step", { done = function() return true end, run = function() end })
    run.card:send(apdu.command { cla = 0x00, ins = 0xCA, p1 = 0x01, p2 = 0x02 })
    error { kind = "card", message = "the end" })";

TEST_F(ReplayTest, a_replay_sees_what_the_run_saw_and_is_recorded_as_the_run_was) {
  const auto flow = [&] { return setup(kEverything); };
  const Recorded first = record(flow());
  EXPECT_NE(message(first.result).find("the end"), std::string::npos) << message(first.result);
  for (const char* line : {"reset", "0> 00A40400", "1+ 80F22000", "close 1", "time => ", "random 8 => ", "keys \"isd\"",
                           "wait 5", "step \"a step\" skipped", "end => error card"}) {
    EXPECT_NE(line_of(first.text, line), 0u) << line << "\n" << first.text;
  }
  const Recorded again = replay(flow(), first.text);
  EXPECT_EQ(message(again.result), message(first.result));
  EXPECT_EQ(again.text, first.text);
  EXPECT_EQ(again.seen, first.seen);
  EXPECT_EQ(again.result.commands, first.result.commands);
}

TEST_F(ReplayTest, a_run_that_was_torn_is_replayed_with_its_attempts) {
  for (int at = 1; at <= 6; ++at) {
    reader_.lose_at = reader_.commands + at;
    const auto flow = [&] { return setup(kEverything); };
    const Recorded first = record(flow());
    EXPECT_EQ(first.result.attempts, 2u);
    EXPECT_NE(line_of(first.text, "failed => error reader"), 0u);
    const Recorded again = replay(flow(), first.text);
    EXPECT_EQ(again.text, first.text) << at;
    EXPECT_EQ(again.result.attempts, 2u);
  }
}

TEST_F(ReplayTest, one_command_more_less_or_other_is_the_first_difference) {
  const std::string select = "run.card:select(hex'')\n", cplc = "run.card:send(apdu.parse(hex'80CA9F7F00'))\n",
                    keys = "run.card:send(apdu.parse(hex'80CA00E000'))\n";
  const Recorded first = record(setup(select + cplc));
  const auto difference = [&](const std::string& body) { return message(replay(setup(body), first.text).result); };
  const std::string end = std::to_string(line_of(first.text, "end"));
  const std::string second = std::to_string(line_of(first.text, "0> 80CA9F7F"));
  EXPECT_EQ(difference(select + cplc), "no error");
  EXPECT_EQ(difference(select + cplc + keys), "x.rec:" + end +
                                                  ": the recorded run came to its end here, and the flow did "
                                                  "'0> 80CA00E0 le=256'");
  EXPECT_EQ(difference(select), "x.rec:" + second +
                                    ": the flow came to its end, and the recorded run went on with "
                                    "'0> 80CA9F7F le=256'");
  EXPECT_EQ(difference(select + keys),
            "x.rec:" + second + ": recorded is '0> 80CA9F7F le=256', and the flow did '0> 80CA00E0 le=256'");
  EXPECT_EQ(difference(select + "run.card:open_channel { keys = 'isd', level = 'mac' }"),
            "x.rec:" + second + ": recorded is '0> 80CA9F7F le=256', and the flow did 'open \"isd\" level=01'");
  EXPECT_EQ(replay(setup(select + keys), first.text).result.error->kind(), ErrorKind::usage);
}

TEST_F(ReplayTest, a_script_cannot_swallow_a_difference_and_gets_nothing_more) {
  const Recorded first = record(setup("run.card:select(hex'')"));
  Recorded again = replay(setup(R"(
    for _ = 1, 3 do pcall(function() run.card:send(apdu.parse(hex"80CA00E000")) end) end
    pcall(function() run.card:select(hex'') end)
    run:print("got to the end"))"),
                          first.text);
  EXPECT_NE(message(again.result).find("the flow did '0> 80CA00E0 le=256'"), std::string::npos)
      << message(again.result);
  EXPECT_EQ(again.result.attempts, 1u);
  again = replay(setup(R"(
    pcall(function() run.card:send(apdu.parse(hex"80CA00E000")) end)
    error { kind = "reader", message = "another attempt, please" })"),
                 first.text);
  EXPECT_NE(message(again.result).find("the flow did"), std::string::npos) << message(again.result);
  EXPECT_EQ(again.result.attempts, 1u);
}

TEST_F(ReplayTest, a_plan_of_another_length_is_a_difference) {
  const std::string get = "apdu.parse(hex'80CA00E000')";
  const Recorded first = record(setup("run.card:send_all { " + get + ", " + get + " }"));
  for (const std::string& plan : {get, get + ", " + get + ", " + get}) {
    EXPECT_NE(message(replay(setup("run.card:send_all { " + plan + " }"), first.text).result).find("x.rec:"),
              std::string::npos);
  }
}

TEST_F(ReplayTest, another_flow_or_other_arguments_are_refused_before_anything) {
  const std::string body = "run.card:select(hex'')";
  const Recorded first = record(with(setup(body), "4711", "1234"));
  const auto refusal = [&](RunSetup given) {
    try {
      replay(std::move(given), first.text);
    } catch (const Error& error) {
      return error.message();
    }
    return std::string("none");
  };
  EXPECT_EQ(refusal(with(setup(body), "4711", "9999")), "none") << "a secret of that size will do";
  EXPECT_EQ(refusal(with(setup(body), "4712", "1234")),
            "x.rec:3: argument number was string \"4711\" when this was recorded, and now is string \"4712\"");
  EXPECT_EQ(refusal(with(setup(body), "4711", "12345")),
            "x.rec:3: argument pin was secret <4 bytes> when this was recorded, and now is secret <5 bytes>");
  EXPECT_NE(refusal(with(setup(body), "4711", "")).find("and now is not set"), std::string::npos);
  RunSetup other = setup(body);
  other.flow_name = "demo/inventory";
  EXPECT_NE(refusal(std::move(other)).find("is a recording of flow \"test\", and this is \"demo/inventory\""),
            std::string::npos);
}

TEST_F(ReplayTest, the_gate_judges_a_replay_too) {
  const std::string body = "run.card:select(hex'') run.card:open_channel { keys = 'isd', level = 'mac' }";
  const Recorded first = record(setup(body));
  for (const char* policy : {"rules = { p.deny { on = 'SELECT', because = 'no' } }", "limits = { commands = 1 }"}) {
    const Recorded again = replay(setup(body, policy), first.text);
    ASSERT_TRUE(again.result.error);
    EXPECT_TRUE(again.result.error->kind() == ErrorKind::policy || again.result.error->kind() == ErrorKind::budget)
        << message(again.result);
  }
  const std::string undeclared = "pcall(keys.info, 'none') run.card:select(hex'')";
  const auto refused = [&] { return setup(undeclared); };
  const Recorded one = record(refused());
  EXPECT_EQ(replay(refused(), one.text).text, one.text);
}

TEST_F(ReplayTest, secrets_are_in_no_recording_and_answers_of_applets_only_if_asked_for) {
  const std::string body =
      "run.card:send(apdu.parse(hex'0084000008')) "
      "local c = gp.open(run.card, { keys = 'isd', flavor = run.flavor }) "
      "c:send(apdu.command { ins = 0xE2, p1 = 0x80, data = '\\1\\2' .. run.args.pin })";
  const auto flow = [&] { return with(setup(body), "", "topsecret"); };
  const Recorded first = record(flow());
  EXPECT_NE(first.text.find("80E28000 0102 <secret pin 9>"), std::string::npos) << first.text;
  EXPECT_EQ(first.text.find("topsecret"), std::string::npos);
  EXPECT_EQ(first.text.find(to_hex(view("topsecret"))), std::string::npos);
  EXPECT_EQ(replay(flow(), first.text).text, first.text);
}

TEST_F(ReplayTest, a_difference_says_that_answers_were_left_out_before_it) {
  const std::string file = std::string(
      "cardwright recording 1\nrun \"test\"\ncard \"x\"\nflavor \"\"\nbundle A\n"
      "policy \"p\" A\nattempt 1\nreset => 3B00\n0> 80CA0101 le=256 => <3 bytes> "
      "9000\n0> 80CA0200 le=256 => 9000\nend => done\n");
  const Recorded again = replay(setup(R"(
    local data = run.card:expect(apdu.parse(hex"80CA010100"))
    run.card:send(apdu.parse(hex"80CA02" .. data:sub(1, 1) .. (data == "\0\0\0" and hex"01" or hex"00"))))"),
                                file);
  EXPECT_NE(message(again.result).find("1 answer before it were left out of the recording, first in line 9"),
            std::string::npos)
      << message(again.result);
}

TEST_F(ReplayTest, what_a_script_says_of_an_answer_that_was_left_out_is_left_out_too) {
  const std::string file =
      "cardwright recording 1\nrun \"test\"\ncard \"x\"\nflavor \"\"\nbundle A\npolicy \"p\" A\nall answers\n"
      "attempt 1\nreset => 3B00\n0> 80CA0101 le=256 => 41414141 9000\nend => error card \"AAAA\"\n";
  const std::string body = "error { kind = 'card', message = run.card:expect(apdu.parse(hex'80CA010100')) }";
  const Recorded redacted = replay(setup(body), file);
  EXPECT_NE(message(redacted.result).find("AAAA"), std::string::npos) << message(redacted.result);
  EXPECT_EQ(redacted.text.find("AAAA"), std::string::npos) << redacted.text;
  EXPECT_NE(line_of(redacted.text, "end => error card \"left out"), 0u) << redacted.text;
  EXPECT_NE(replay(setup(body), file, /*all=*/true).text.find("AAAA"), std::string::npos);
}

TEST_F(ReplayTest, calls_of_backends_are_replayed_where_everything_was_kept) {
  const std::string body =
      "local r = http.request { method = 'POST', url = 'https://x.example/a?name=Ada', body = 'personal' } "
      "run:print('%s', r.body)";
  const auto flow = [&] { return setup(body); };
  const Recorded redacted = record(flow());
  EXPECT_EQ(message(redacted.result), "no error");
  EXPECT_NE(redacted.text.find("http \"POST\" \"https://x.example/a\" query <8 bytes> <8 bytes> => 200 <13 bytes>"),
            std::string::npos)
      << redacted.text;
  EXPECT_NE(message(replay(flow(), redacted.text).result).find("record with --record-answers"), std::string::npos);
  const Recorded kept = record(flow(), /*all=*/true);
  const Recorded again = replay(flow(), kept.text, /*all=*/true);
  EXPECT_EQ(message(again.result), "no error");
  EXPECT_EQ(again.text, kept.text);
  EXPECT_EQ(again.seen, kept.seen);
}

TEST_F(ReplayTest, runs_take_recorded_runs_one_after_the_other) {
  const auto one = [&] { return setup("run.card:select(hex'')"); };
  const std::string first = record(one()).text;
  std::string both = first + first.substr(first.find("\nrun"));
  const auto all = std::make_shared<Replay>(std::make_shared<const Recording>(Recording::parse(both, "x.rec")));
  const auto next = [&] {
    RunSetup given = one();
    given.replay = all;
    return run(std::move(given)).result;
  };
  EXPECT_EQ(message(next()), "no error");
  EXPECT_EQ(message(next()), "no error");
  EXPECT_THROW(next(), Error);
}

TEST_F(ReplayTest, a_run_that_another_one_starts_stands_after_it_and_both_are_replayed) {
  std::shared_ptr<Replay> recording;
  const auto both = [&] {
    std::ostringstream out;
    Recorder recorder(out, {});
    const auto begin = [&](const std::string& body) {
      RunSetup given = setup(body);
      given.keys = std::make_shared<crypto::FileKeyStore>(
          crypto::FileKeyStore::parse(Secret::copy(view(kFactoryKeys)), "test keys"));
      given.reader = &reader_;
      given.replay = recording;
      given.recorder = &recorder;
      return given;
    };
    RunSetup outer = begin("run.card:select(hex'') require('stage').ask('go', {}) run.card:select(hex'')");
    outer.director = [&](const host::Direction&) {
      Scheduler inner;
      inner.add(std::make_unique<engine::Run>(begin("run.card:send(apdu.parse(hex'80CA00E000'))")));
      inner.run_all();
      EXPECT_EQ(message(inner.at(0).result()), "no error");
      return host::DirectionDone{"null", /*card_used=*/true};
    };
    Scheduler scheduler;
    scheduler.add(std::make_unique<engine::Run>(std::move(outer)));
    scheduler.run_all();
    EXPECT_EQ(message(scheduler.at(0).result()), "no error");
    return out.str();
  };
  const std::string first = both();
  const auto parsed = std::make_shared<const Recording>(Recording::parse(first, "x.rec"));
  ASSERT_EQ(parsed->runs.size(), 2u);
  EXPECT_EQ(parsed->runs[0].lines.size(), 5u) << "attempt, reset, two SELECTs, end";
  recording = std::make_shared<Replay>(parsed);
  EXPECT_EQ(both(), first);
}

TEST_F(ReplayTest, a_recording_without_its_end_is_replayed_up_to_there) {
  const std::string body = "run.card:select(hex'')";
  const std::string text = record(setup(body)).text;
  const std::string cut = text.substr(0, text.find("end =>"));
  EXPECT_EQ(message(replay(setup(body), cut).result), "no error");
  EXPECT_NE(message(replay(setup(body + body), cut).result).find("ends here without its end"), std::string::npos);
}

TEST_F(ReplayTest, a_recording_becomes_a_scenario) {
  const std::string body =
      "local c = gp.open(run.card, { keys = 'isd', flavor = run.flavor }) "
      "run:step('a step', { done = function() return true end, run = function() end }) "
      "c:send(apdu.parse(hex'80F28002024F0000'))";
  RunSetup flow = with(setup(body), "4711", "1234");
  flow.flavor = {{"name", std::string("generic")}};
  const std::string text = scenario_of(Recording::parse(record(std::move(flow)).text, "x.rec"));
  for (const char* part :
       {"flavors = { \"generic\" }", "needs = { keys = { \"isd\" } }", "done = t:run(\"test\", {",
        "pin = { secret = (\"x\"):rep(4) }", "number = \"4711\"", "t:step(done, \"a step\", \"skip\")",
        "\"INITIALIZE UPDATE 9000\",", "\"EXTERNAL AUTHENTICATE 9000\",", "\"GET STATUS 9000\","}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

TEST_F(ReplayTest, a_quote_that_closes_nothing_does_not_keep_a_recording_from_becoming_a_scenario) {
  std::string text = record(setup("gp.open(run.card, { keys = 'isd', flavor = run.flavor })")).text;
  const size_t at = text.find("open \"isd\" level=");
  ASSERT_NE(at, std::string::npos) << text;
  text.insert(text.find(" =>", at), " x\"");
  EXPECT_NE(scenario_of(Recording::parse(text, "x.rec")).find("needs = { keys = { \"isd\" } }"), std::string::npos);
}

}  // namespace
}  // namespace cw::engine
