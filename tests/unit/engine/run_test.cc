#include "engine/run.h"

#include <atomic>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/hex.h"
#include "engine/scheduler.h"
#include "se/card.h"
#include "se/flavor.h"
#include "se/sim_reader.h"

namespace cw::engine {
namespace {

constexpr const char* kKeys = R"(
[isd]
type = aes
version = 30
enc = 404142434445464748494A4B4C4D4E4F
mac = 404142434445464748494A4B4C4D4E4F
dek = 404142434445464748494A4B4C4D4E4F

[wrong]
type = aes
version = 30
enc = 00000000000000000000000000000001
mac = 00000000000000000000000000000002
dek = 00000000000000000000000000000003

[wrong.too]
type = aes
version = 30
enc = 00000000000000000000000000000011
mac = 00000000000000000000000000000012
dek = 00000000000000000000000000000013

[wrong.again]
type = aes
version = 30
enc = 00000000000000000000000000000021
mac = 00000000000000000000000000000022
dek = 00000000000000000000000000000023
)";

/// Counts INITIALIZE UPDATEs, and loses the card when told to.
class WatchedReader : public card::Reader {
 public:
  explicit WatchedReader(card::Reader& inner) : inner_(inner) {}
  std::string name() const override { return inner_.name(); }
  Bytes reset() override { return inner_.reset(); }
  Bytes transmit(ByteView command) override {
    ++commands;
    if (command.size() > 1 && command[1] == 0x50) ++initialize_updates;
    if (command.size() > 1 && command[1] == 0x82) ++external_authenticates;
    if (lose_at != 0 && commands == lose_at) throw Error(ErrorKind::reader, "the card was removed");
    if (refuse_authentication && command.size() > 1 && command[1] == 0x82) return from_hex("6300");
    return inner_.transmit(command);
  }
  int commands = 0;
  int initialize_updates = 0;
  int external_authenticates = 0;
  int lose_at = 0;
  bool refuse_authentication = false;

 private:
  card::Reader& inner_;
};

class Recorder : public Observer {
 public:
  void exchanged(const host::Command& command, host::ChannelId, const host::Answer& answer,
                 std::chrono::nanoseconds) override {
    lines.push_back(host::canonical(command) + " -> " + to_hex(answer.data) + to_hex16(answer.sw));
  }
  void noted(const host::Note& note) override { notes.push_back(note.text.empty() ? note.name : note.text); }
  std::vector<std::string> lines;
  std::vector<std::string> notes;
};

class RunTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/cw-run-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
    card_ = std::make_shared<se::Card>(se::flavor("generic"));
    sim_ = std::make_unique<se::SimReader>(card_);
    reader_ = std::make_unique<WatchedReader>(*sim_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  RunSetup setup(const std::string& body, const std::string& policy_fields = "", const std::string& backends = "") {
    static const auto bundle = Bundle::load(CW_SOURCE_DIR);
    const std::filesystem::path file = folder_ / "flow.lua";
    std::ofstream(file) << "local gp, apdu, hex = require 'cw.gp', require 'apdu', require 'hex'\n"
                           "return { name = 'test', summary = 'A test', args = { pin = { type = 'secret', optional = "
                           "true } }, needs = { keys = { 'isd', 'wrong', 'wrong.too', 'wrong.again' }, backends = { "
                        << backends << " } }, run = function(run)\n"
                        << body << "\nend }";
    RunSetup out;
    out.bundle = bundle->with_file(file);
    out.flow_name = file.generic_string();
    out.policy = Policy::parse("test-policy.lua",
                               "local p = require 'cw.policy' return { name = 'test', api = 1, " + policy_fields + " }",
                               *bundle);
    out.keys =
        std::make_shared<crypto::FileKeyStore>(crypto::FileKeyStore::parse(Secret::copy(view(kKeys)), "test keys"));
    out.reader = reader_.get();
    out.observer = &recorder_;
    return out;
  }

  RunResult run(RunSetup given) {
    Scheduler scheduler;
    scheduler.add(std::make_unique<engine::Run>(std::move(given)));
    scheduler.run_all();
    return scheduler.at(0).result();
  }
  RunResult run(const std::string& body, const std::string& policy_fields = "") {
    return run(setup(body, policy_fields));
  }

  std::filesystem::path folder_;
  std::shared_ptr<se::Card> card_;
  std::unique_ptr<se::SimReader> sim_;
  std::unique_ptr<WatchedReader> reader_;
  Recorder recorder_;
  std::vector<std::string> called_;
};

std::string message(const RunResult& result) { return result.error ? result.error->message() : "no error"; }

TEST_F(RunTest, a_script_talks_to_the_card_top_down) {
  const RunResult result = run(R"(
    local fci = run.card:select(hex"")
    assert(#fci > 0)
    local answer = run.card:send(apdu.command { ins = 0xCA, p1 = 0x9F, p2 = 0x7F, le = 256 })
    assert(answer.sw == 0x9000))");
  EXPECT_FALSE(result.error) << message(result);
  EXPECT_EQ(result.attempts, 1u);
  EXPECT_EQ(reader_->commands, 2);
}

TEST_F(RunTest, a_channel_opens_and_carries_commands) {
  const RunResult result = run(R"(
    run.card:select(hex"")
    local channel = run.card:open_channel { keys = "isd", level = "mac+enc" }
    assert(channel.scp == 3 and channel.key_version == 0x30)
    local data = channel:expect(apdu.command { ins = 0xF2, p1 = 0x80, p2 = 0x02, data = hex"4F00", le = 256 })
    assert(data:byte(1) == 0xE3))");
  EXPECT_FALSE(result.error) << message(result);
}

TEST_F(RunTest, a_wrong_key_costs_one_attempt_and_is_never_tried_again) {
  const RunResult result = run(R"(
    run.card:select(hex"")
    for _ = 1, 10 do
      pcall(function() run.card:open_channel { keys = "wrong" } end)
    end
    run.card:open_channel { keys = "wrong" })");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind(), ErrorKind::budget);
  EXPECT_EQ(reader_->initialize_updates, 1) << "the budget refused the others before they were sent";
  EXPECT_EQ(reader_->external_authenticates, 0) << "the host stops at the wrong card cryptogram";
}

TEST_F(RunTest, a_wrong_key_gets_no_second_try_under_another_aid_or_version) {
  const RunResult result = run(R"(
    for i = 1, 5 do
      run.card:select(i % 2 == 0 and hex"A000000151000000" or hex"")
      pcall(function() run.card:open_channel { keys = "wrong", aid = string.rep(string.char(i), 5) } end)
      pcall(function() run.card:open_channel { keys = "wrong", version = i % 2 == 0 and 0 or 0x30 } end)
    end)");
  EXPECT_FALSE(result.error) << message(result);
  EXPECT_EQ(reader_->initialize_updates, 1);
}

TEST_F(RunTest, a_domain_counts_attempts_whatever_the_key_sets_are_called) {
  const RunResult result = run(R"(
    run.card:select(hex"")
    for i, keys in ipairs { "wrong", "wrong.too", "wrong.again" } do
      pcall(function() run.card:open_channel { keys = keys, version = i == 2 and 0 or 0x30 } end)
    end)",
                               "limits = { auth_attempts = 2 }");
  EXPECT_FALSE(result.error) << message(result);
  EXPECT_EQ(reader_->initialize_updates, 2);
}

TEST_F(RunTest, a_host_cryptogram_that_the_card_refuses_is_never_sent_again) {
  reader_->refuse_authentication = true;  // as a card does where ENC is right and MAC is wrong
  const RunResult result = run(R"(
    run.card:select(hex"")
    for _ = 1, 5 do
      pcall(function() run.card:open_channel { keys = "isd" } end)
    end)");
  EXPECT_FALSE(result.error) << message(result);
  EXPECT_EQ(reader_->external_authenticates, 1);
}

TEST_F(RunTest, authentication_cannot_be_sent_around_the_budget) {
  for (const std::string command : {"8050300008010203040506070800", "0050300008010203040506070800",
                                    "8082030008010203040506070800", "0082030008010203040506070800"}) {
    const RunResult result = run("run.card:send(hex'" + command + "')");
    ASSERT_TRUE(result.error);
    EXPECT_EQ(result.error->kind(), ErrorKind::policy) << message(result);
  }
  EXPECT_EQ(reader_->commands, 0);
}

TEST_F(RunTest, what_the_gate_judges_is_what_travels) {
  for (const std::string command : {"91E40000074F05F063617264", "90E40000074F05F063617264"}) {
    const RunResult result = run("run.card:send(hex'" + command + "')");
    ASSERT_TRUE(result.error);
    EXPECT_EQ(result.error->kind(), ErrorKind::usage) << message(result);
  }
  EXPECT_EQ(reader_->commands, 0);
  EXPECT_FALSE(run("run.card:send(hex'A0A40000023F00')").error) << "a class of its own, not a GlobalPlatform one";
  ASSERT_EQ(recorder_.lines.size(), 1u);
}

TEST_F(RunTest, a_long_command_is_cut_after_it_was_wrapped_and_the_channel_goes_on) {
  const RunResult result = run(R"(
    run.card:select(hex"")
    local channel = run.card:open_channel { keys = "isd", level = "mac+enc" }
    channel:send(apdu.command { ins = 0xE2, p1 = 0x80, data = ("a"):rep(600) })
    channel:expect(apdu.command { ins = 0xF2, p1 = 0x80, p2 = 0x02, data = hex"4F00", le = 256 }))");
  EXPECT_FALSE(result.error) << message(result);
  EXPECT_EQ(reader_->commands, 3 + 3 + 1) << "616 bytes with the MAC are three pieces";
}

TEST_F(RunTest, a_select_in_a_channel_travels_alone) {
  const RunResult result = run(R"(
    run.card:select(hex"")
    local channel = run.card:open_channel { keys = "isd", level = "mac+enc" }
    local select = apdu.command { cla = 0x00, ins = 0xA4, p1 = 0x04, le = 256 }
    local status = apdu.command { ins = 0xF2, p1 = 0x80, p2 = 0x02, data = hex"4F00", le = 256 }
    channel:send_all { select, status, status })");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind(), ErrorKind::channel) << message(result);
  EXPECT_EQ(reader_->commands, 3) << "nothing of the plan was sent";
}

TEST_F(RunTest, the_gate_stops_a_command_before_anything_is_sent) {
  const RunResult result = run("run.card:send(apdu.command { ins = 0xE4, data = hex'4F05F063617264' })",
                               "rules = { p.deny { on = 'DELETE', because = 'nothing goes' } }");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind(), ErrorKind::policy);
  EXPECT_NE(message(result).find("DELETE is not allowed by policy test: rules[1]: nothing goes"), std::string::npos)
      << message(result);
  EXPECT_EQ(reader_->commands, 0);
}

TEST_F(RunTest, times_are_judged_as_of_the_beginning_of_the_run) {
  constexpr int64_t kTuesday = 1'796'119'200'000;  // 2026-12-01T10:00Z
  const std::string policy =
      "allow = { times = { { days = 'tue' } } }, rules = { p.deny { on = 'DELETE', when = p.within { to = '10:00' }, "
      "because = 'not in the morning' } }";
  const auto begun = [&](int64_t at) {
    RunSetup given = setup("run.card:send(apdu.command { ins = 0xE4, data = hex'4F05F063617264' })", policy);
    given.begun = at;
    return given;
  };
  EXPECT_FALSE(run(begun(kTuesday)).error) << "whatever day it is now";
  EXPECT_NE(message(run(begun(kTuesday - 60'000))).find("not in the morning"), std::string::npos);
  try {
    engine::Run(begun(kTuesday + 24 * 3'600'000));
    FAIL() << "it began on a Wednesday";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::policy);
    EXPECT_NE(error.message().find("from Tue 2026-12-08T00:00Z on it may begin"), std::string::npos) << error.message();
  }
}

TEST_F(RunTest, keys_that_the_flow_did_not_declare_are_out_of_reach) {
  const RunResult result = run("require('keys').info('other')");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind(), ErrorKind::policy) << message(result);
}

TEST_F(RunTest, a_lost_answer_ends_the_attempt_and_the_flow_starts_from_the_top) {
  reader_->lose_at = 2;
  const RunResult result = run(R"(
    run.card:select(hex"")
    pcall(function() run.card:select(hex"") end)
    run.card:select(hex""))");
  EXPECT_FALSE(result.error) << message(result);
  EXPECT_EQ(result.attempts, 2u);
  EXPECT_EQ(reader_->commands, 5) << "two in the first attempt, three in the second";
}

TEST_F(RunTest, attempts_have_an_end) {
  class Gone : public card::Reader {
   public:
    std::string name() const override { return "gone"; }
    Bytes reset() override { return from_hex("3B00"); }
    Bytes transmit(ByteView) override { throw Error(ErrorKind::reader, "the card was removed"); }
  } gone;
  RunSetup given = setup("run.card:select(hex'')", "limits = { attempts = 3 }");
  given.reader = &gone;
  const RunResult result = run(std::move(given));
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.attempts, 3u);
  EXPECT_EQ(result.error->kind(), ErrorKind::reader);
}

TEST_F(RunTest, a_secret_needs_an_encrypted_channel) {
  RunSetup given = setup(R"(
    run.card:select(hex"")
    local channel = run.card:open_channel { keys = "isd", level = "mac" }
    channel:send(apdu.command { ins = 0xE2, p1 = 0x80, data = hex"010103" .. run.args.pin }))");
  given.arguments.values["pin"] = SecretArgument{3};
  given.arguments.secrets["pin"] = Secret::copy(from_hex("313233"));
  const RunResult result = run(std::move(given));
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind(), ErrorKind::channel) << message(result);
  for (const std::string& line : recorder_.lines) EXPECT_EQ(line.find("313233"), std::string::npos) << line;
}

TEST_F(RunTest, a_secret_under_a_dek_has_the_length_that_was_written_ahead_of_it) {
  RunSetup given = setup(R"(
    run.card:select(hex"")
    local channel = run.card:open_channel { keys = "isd" }
    local pin = require('keys').under_dek(run.args.pin, 2)
    channel:send(apdu.command { ins = 0xE2, p1 = 0x80, data = require('tlv').dgi(0x0101, pin) }))");
  given.arguments.values["pin"] = SecretArgument{3};
  given.arguments.secrets["pin"] = Secret::copy(from_hex("313233"));
  const RunResult result = run(std::move(given));
  ASSERT_TRUE(result.error);
  EXPECT_NE(message(result).find("takes 16 bytes under this channel's DEK"), std::string::npos) << message(result);
  EXPECT_EQ(reader_->commands, 3) << "the command was not sent";
}

TEST_F(RunTest, a_script_that_never_ends_is_killed_and_the_next_run_is_unharmed) {
  const RunResult killed =
      run("while true do pcall(function() while true do end end) end", "limits = { instructions = 2000000 }");
  ASSERT_TRUE(killed.error);
  EXPECT_EQ(killed.error->kind(), ErrorKind::budget);
  EXPECT_LE(killed.instructions, 4000000u);
  EXPECT_FALSE(run("run.card:select(hex'')").error);
}

TEST_F(RunTest, a_run_has_so_many_commands_and_no_more) {
  const RunResult result = run("while true do run.card:select(hex'') end", "limits = { commands = 7 }");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind(), ErrorKind::budget);
  EXPECT_EQ(reader_->commands, 7);
}

TEST_F(RunTest, a_hundred_runs_wait_at_once_on_one_thread) {
  std::vector<std::unique_ptr<engine::Run>> runs;
  for (int i = 0; i < 100; ++i) {
    runs.push_back(std::make_unique<engine::Run>(setup("require('clock').sleep(0.1) run.card:select(hex'')")));
    runs.back()->advance();
  }
  for (const auto& run : runs) {
    ASSERT_EQ(run->phase(), engine::Run::Phase::waiting);
    EXPECT_TRUE(std::holds_alternative<host::Wait>(run->request()));
  }
  EXPECT_EQ(reader_->commands, 0) << "all of them wait, and none has come to its command";
  for (const auto& run : runs) {
    run->complete(host::Waited{});
    run->advance();
    ASSERT_EQ(run->phase(), engine::Run::Phase::waiting);
    run->complete(run->carry_out());
    run->advance();
    EXPECT_FALSE(run->result().error);
  }
  EXPECT_EQ(reader_->commands, 100);
}

TEST_F(RunTest, the_scheduler_wakes_runs_in_the_order_of_their_timers) {
  Scheduler scheduler;
  for (const char* seconds : {"0.06", "0.02", "0.04"}) {
    scheduler.add(std::make_unique<engine::Run>(
        setup(std::string("require('clock').sleep(") + seconds + ") require('log').info('" + seconds + "')")));
  }
  scheduler.run_all();
  EXPECT_EQ(recorder_.notes, (std::vector<std::string>{"0.02", "0.04", "0.06"}));
}

TEST_F(RunTest, equal_inputs_give_equal_commands) {
  const std::string body = R"(
    run.card:select(hex"")
    local t = {}
    for i = 1, 50 do t["k" .. i * 7919 % 101] = i end
    for key, value in pairs(t) do
      run.card:send(apdu.command { ins = 0xCA, p1 = value, p2 = #key, le = 256 })
    end)";
  run(body);
  const std::vector<std::string> first = recorder_.lines;
  recorder_.lines.clear();
  run(body);
  EXPECT_EQ(first, recorder_.lines);
  EXPECT_EQ(first.size(), 51u);
}

TEST_F(RunTest, a_backend_is_called_only_where_flow_and_policy_both_name_it) {
  const std::string allow = "allow = { backends = { ['https://sei.acme.example/v1/'] = {} } }";
  const auto call = [&](const std::string& url, const std::string& policy) {
    RunSetup given = setup("local reply = require('http').request { url = '" + url +
                               "' }\nassert(reply.status == 200 and reply.body == 'pong')",
                           policy, "'https://sei.acme.example/v1/', 'https://other.example/'");
    given.http = [&](const host::HttpCall& wanted) {
      called_.push_back(wanted.url);
      return host::HttpReply{200, {}, "pong"};
    };
    return run(std::move(given));
  };
  EXPECT_FALSE(call("https://sei.acme.example/v1/keys", allow).error);
  EXPECT_EQ(called_.size(), 1u);

  for (const char* url :
       {"https://other.example/x", "https://sei.acme.example/v2/", "https://sei.acme.example/v1/../v2/",
        "https://sei.acme.example/v1/%2e%2e/v2/", "http://sei.acme.example/v1/", "https://sei.acme.example.evil/v1/"}) {
    const RunResult refused = call(url, allow);
    ASSERT_TRUE(refused.error) << url;
    EXPECT_EQ(refused.error->kind(), ErrorKind::policy) << url << ": " << message(refused);
  }
  EXPECT_EQ(called_.size(), 1u) << "nothing else went out";
}

TEST_F(RunTest, threads_share_a_bundle_a_policy_and_keys) {
  const RunSetup shared = setup("run.card:select(hex'') run.card:open_channel { keys = 'isd' }");
  std::vector<std::thread> threads;
  std::atomic<int> done = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 5; ++n) {
        se::SimReader reader(std::make_shared<se::Card>(se::flavor("generic")));
        RunSetup given;
        given.bundle = shared.bundle;
        given.flow_name = shared.flow_name;
        given.policy = shared.policy;
        given.keys = shared.keys;
        given.reader = &reader;
        Scheduler scheduler;
        scheduler.add(std::make_unique<engine::Run>(std::move(given)));
        scheduler.run_all();
        if (!scheduler.at(0).result().error) ++done;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 20);
}

TEST_F(RunTest, a_channel_opens_on_each_logical_channel) {
  const RunResult result = run(R"(
    for _, n in ipairs { 1, 3, 4, 19 } do
      local opened = run.card:send(apdu.command { cla = 0x00, ins = 0x70, p1 = 0x00, p2 = n })
      assert(opened.sw == 0x9000, "MANAGE CHANNEL open " .. n)
      local cla = n < 4 and n or 0x40 + n - 4
      assert(run.card:send(apdu.command { cla = cla, ins = 0xA4, p1 = 0x04, le = 256 }).sw == 0x9000)
      local channel = run.card:open_channel { keys = "isd", logical_channel = n }
      assert(channel:expect(apdu.command { ins = 0xF2, p1 = 0x80, p2 = 0x02, data = hex"4F00", le = 256 }):byte(1) == 0xE3)
      run.card:select(hex"") -- on channel 0: the other one stays open
      assert(channel:send(apdu.command { ins = 0xCA, p1 = 0x00, p2 = 0x66, le = 256 }).sw == 0x9000)
    end)");
  EXPECT_FALSE(result.error) << message(result);
}

TEST_F(RunTest, a_plan_travels_on_one_logical_channel) {
  const RunResult result = run("run.card:send_all { apdu.parse(hex'00A4040000'), apdu.parse(hex'01A4040000') }");
  ASSERT_TRUE(result.error);
  EXPECT_NE(message(result).find("channels 0 and 1"), std::string::npos) << message(result);
  EXPECT_EQ(reader_->commands, 0);
}

TEST_F(RunTest, a_key_travels_in_put_key_and_store_data_alone) {
  const RunResult result = run(R"(
    run.card:select(hex"")
    local channel = run.card:open_channel { keys = "isd" }
    channel:send(apdu.command { ins = 0x20, data = require("keys").put_key_data("isd", 0x31) }))");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind(), ErrorKind::policy) << message(result);
}

TEST_F(RunTest, a_run_waits_so_long_and_no_longer) {
  const RunResult result = run("require('clock').sleep(3600)", "limits = { expires_s = 60 }");
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind(), ErrorKind::budget);
  EXPECT_NE(message(result).find("expires_s"), std::string::npos) << message(result);
}

TEST_F(RunTest, stopping_ends_all_runs_before_their_next_command) {
  Scheduler scheduler;
  scheduler.add(std::make_unique<engine::Run>(setup("run.card:select(hex'')")));
  const std::atomic<bool> stop{true};
  scheduler.run_all(&stop);
  EXPECT_TRUE(scheduler.at(0).result().error);
  EXPECT_EQ(reader_->commands, 0);
}

}  // namespace
}  // namespace cw::engine
