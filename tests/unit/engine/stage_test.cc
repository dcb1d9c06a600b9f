// Directions: what a scenario asks of its stage, seen from the engine.
#include <fstream>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/error.h"
#include "engine/scheduler.h"
#include "factory_keys.h"
#include "se/card.h"
#include "se/flavor.h"
#include "se/sim_reader.h"

namespace cw::engine {
namespace {

class StageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/cw-stage-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  RunResult run(const std::string& body, Director director) {
    static const auto bundle = Bundle::load(CW_SOURCE_DIR);
    const std::filesystem::path file = folder_ / "flow.lua";
    std::ofstream(file) << "local gp, stage, check = require 'cw.gp', require 'stage', require 'cw.check'\n"
                           "return { name = 'test', summary = 'A test', needs = { keys = { 'isd' } }, "
                           "run = function(run)\n"
                        << body << "\nend }";
    RunSetup setup;
    setup.bundle = bundle->with_file(file);
    setup.flow_name = file.generic_string();
    setup.policy = Policy::load(std::string(CW_SOURCE_DIR) + "/policies/default.lua", *bundle);
    setup.keys = std::make_shared<crypto::FileKeyStore>(
        crypto::FileKeyStore::parse(Secret::copy(view(kFactoryKeys)), "test keys"));
    setup.reader = &reader_;
    setup.director = std::move(director);
    Scheduler scheduler;
    scheduler.add(std::make_unique<engine::Run>(std::move(setup)));
    scheduler.run_all();
    return scheduler.at(0).result();
  }

  std::filesystem::path folder_;
  se::SimReader reader_{std::make_shared<se::Card>(se::flavor("generic"))};
};

std::string message(const RunResult& result) { return result.error ? result.error->message() : "no error"; }

TEST_F(StageTest, a_direction_goes_out_as_json_and_its_result_comes_back) {
  std::vector<std::string> asked;
  const RunResult result = run("check.equal(stage.ask('fault', { on = 'LOAD', number = 3 }), { armed = true })",
                               [&](const host::Direction& direction) {
                                 asked.push_back(direction.verb + " " + direction.arguments);
                                 return host::DirectionDone{R"({"armed":true})"};
                               });
  EXPECT_FALSE(result.error) << message(result);
  EXPECT_EQ(asked, std::vector<std::string>{R"(fault {"number":3,"on":"LOAD"})"});
}

TEST_F(StageTest, what_the_stage_refuses_is_raised_in_the_script) {
  const RunResult result =
      run("local ok, failure = pcall(stage.ask, 'nonsense', {}) check.equal(ok, false) "
          "check.equal(failure.kind, 'usage') error(failure)",
          [](const host::Direction& direction) -> host::DirectionDone {
            throw Error(ErrorKind::usage, "no verb " + direction.verb);
          });
  EXPECT_NE(message(result).find("no verb nonsense"), std::string::npos) << message(result);
}

TEST_F(StageTest, a_channel_does_not_survive_others_who_spoke_to_the_card) {
  const RunResult result = run(R"(
    local channel = run.card:open_channel { keys = "isd", level = "mac" }
    stage.ask("run", {})
    local ok, failure = pcall(channel.send, channel, require("apdu").command { cla = 0x80, ins = 0xF2 })
    check.equal(ok, false)
    check.equal(failure.kind, "channel"))",
                               [&](const host::Direction&) {
                                 reader_.reset();
                                 return host::DirectionDone{"null", /*card_used=*/true};
                               });
  EXPECT_FALSE(result.error) << message(result);
}

TEST_F(StageTest, a_flow_has_no_stage) {
  const RunResult result = run("stage.ask('fault', {})", {});
  EXPECT_NE(message(result).find("only a scenario has a stage"), std::string::npos) << message(result);
}

}  // namespace
}  // namespace cw::engine
