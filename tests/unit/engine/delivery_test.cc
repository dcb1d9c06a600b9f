// Results that are to reach a backend, in runs without a journal: sent at once, under one key until they arrive, and
// recorded like all else.
#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/error.h"
#include "engine/run.h"
#include "engine/scheduler.h"
#include "se/card.h"
#include "se/flavor.h"
#include "se/sim_reader.h"

namespace cw::engine {
namespace {

/// Loses the card at the next command, if told to.
class TornOnce : public card::Reader {
 public:
  std::string name() const override { return "torn"; }
  Bytes reset() override { return inner_.reset(); }
  Bytes transmit(ByteView command) override {
    if (std::exchange(tear, false)) throw Error(ErrorKind::reader, "the card was removed");
    return inner_.transmit(command);
  }
  bool tear = false;

 private:
  se::SimReader inner_{std::make_shared<se::Card>(se::flavor("generic"))};
};

class DeliveryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/cw-delivery-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  RunSetup setup(const std::string& body) {
    static const auto bundle = Bundle::load(CW_SOURCE_DIR);
    const std::filesystem::path file = folder_ / "flow.lua";
    std::ofstream(file)
        << "local http = require 'http'\n"
           "local function hand_over(name, text) http.deliver { name = name or 'result', "
           "url = 'https://x.example/results?card=4711', headers = { ['X-Token'] = 'hush' }, "
           "body = text or 'all is well' } end\n"
           "return { name = 'test', summary = 'A test', needs = { backends = { 'https://x.example/' } }, "
           "run = function(run)\n"
        << body << "\nend }";
    RunSetup out;
    out.bundle = bundle->with_file(file);
    out.flow_name = file.generic_string();
    out.policy = Policy::parse("test-policy.lua",
                               "return { name = 'test', api = 1, allow = { backends = { ['https://x.example/'] = {} } "
                               "} }",
                               *bundle);
    out.keys = std::make_shared<crypto::FileKeyStore>();
    out.reader = &reader_;
    out.http = [this](const host::HttpCall& call) {
      calls_.push_back(call);
      return host::HttpReply{status_, {}, "what the backend says"};
    };
    return out;
  }

  RunResult run(RunSetup given, bool all_answers = false) {
    std::ostringstream out;
    engine::Recorder recorder(out, {.all_answers = all_answers});
    given.recorder = &recorder;
    Scheduler scheduler;
    scheduler.add(std::make_unique<engine::Run>(std::move(given)));
    scheduler.run_all();
    recorded_ = out.str();
    return scheduler.at(0).result();
  }

  std::set<std::string> keys() const {
    std::set<std::string> keys;
    for (const host::HttpCall& call : calls_) {
      for (const auto& [name, value] : call.headers) {
        if (name == "Idempotency-Key") keys.insert(value);
      }
    }
    return keys;
  }

  std::filesystem::path folder_;
  TornOnce reader_;
  int status_ = 201;
  std::vector<host::HttpCall> calls_;
  std::string recorded_;
};

TEST_F(DeliveryTest, a_result_is_sent_before_the_script_goes_on) {
  EXPECT_FALSE(run(setup("hand_over()")).error);
  ASSERT_EQ(calls_.size(), 1u);
  EXPECT_EQ(calls_[0].method, "POST");
  EXPECT_EQ(calls_[0].body, "all is well");
  ASSERT_EQ(keys().size(), 1u);
  EXPECT_EQ(keys().begin()->size(), 32u);
}

TEST_F(DeliveryTest, one_that_arrived_is_not_sent_again_in_another_attempt_either) {
  reader_.tear = true;
  const RunResult result = run(setup("hand_over() hand_over() hand_over('other') run.card:select('')"));
  EXPECT_EQ(result.attempts, 2u) << (result.error ? result.error->message() : "");
  EXPECT_EQ(calls_.size(), 2u);
  EXPECT_EQ(keys().size(), 2u);
}

TEST_F(DeliveryTest, one_that_did_not_arrive_is_an_error_and_has_the_same_key_if_it_is_sent_again) {
  status_ = 503;
  const RunResult result = run(setup("pcall(hand_over) hand_over()"));
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind(), ErrorKind::http);
  EXPECT_NE(result.error->message().find("delivering 'result' to https://x.example/results: the backend answered with "
                                         "status 503; without a store nothing tries again later"),
            std::string::npos)
      << result.error->message();
  EXPECT_EQ(calls_.size(), 2u);
  EXPECT_EQ(keys().size(), 1u);
}

TEST_F(DeliveryTest, runs_have_keys_of_their_own) {
  run(setup("hand_over()"));
  run(setup("hand_over()"));
  EXPECT_EQ(keys().size(), 2u);
}

TEST_F(DeliveryTest, the_gate_judges_where_it_goes) {
  const RunResult result = run(setup("http.deliver { name = 'a', url = 'https://y.example/' }"));
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind(), ErrorKind::policy);
  EXPECT_TRUE(calls_.empty());
}

TEST_F(DeliveryTest, a_recording_has_its_name_address_and_size_and_a_replay_sends_nothing) {
  run(setup("hand_over()"));
  EXPECT_NE(recorded_.find("\ndeliver \"result\" \"POST\" \"https://x.example/results\" query <9 bytes> <11 bytes> => "
                           "done\n"),
            std::string::npos)
      << recorded_;
  const std::string first = recorded_;
  calls_.clear();
  const auto replay = [&](const std::string& body) {
    RunSetup given = setup(body);
    given.http = {};
    given.reader = nullptr;
    given.replay = std::make_shared<Replay>(std::make_shared<const Recording>(Recording::parse(first, "x.rec")));
    return run(std::move(given));
  };
  EXPECT_FALSE(replay("hand_over()").error);
  EXPECT_EQ(recorded_, first);
  EXPECT_TRUE(replay("hand_over('other')").error);
  EXPECT_TRUE(replay("hand_over('result', 'a longer text')").error);
  EXPECT_TRUE(calls_.empty());
}

TEST_F(DeliveryTest, a_recording_with_all_answers_has_all_of_it) {
  status_ = 500;
  run(setup("pcall(hand_over)"), true);
  EXPECT_NE(recorded_.find("deliver \"result\" \"POST\" \"https://x.example/results?card=4711\" header \"X-Token\" "
                           "\"hush\" body \"all is well\" => error http \"delivering"),
            std::string::npos)
      << recorded_;
  EXPECT_EQ(Recording::parse(recorded_, "x.rec").runs.at(0).lines.back().kind, RecordedLine::Kind::end);
}

}  // namespace
}  // namespace cw::engine
