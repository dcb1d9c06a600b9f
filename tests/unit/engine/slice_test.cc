// Runs that share a thread: a script that computes is advanced slice by slice, owners take turns, and nothing that a
// run does or says of itself shows how it was cut.
#include <atomic>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/error.h"
#include "crypto/key_store.h"
#include "engine/owner_turns.h"
#include "engine/scheduler.h"
#include "se/card.h"
#include "se/flavor.h"
#include "se/sim_reader.h"

namespace cw::engine {
namespace {

constexpr std::chrono::microseconds kShortest{0};  // a pause each 1000 instructions, whatever the clock says

class Notes : public Observer {
 public:
  void noted(const host::Note& note) override { texts.push_back(note.text); }
  std::vector<std::string> texts;
};

class Sliced : public testing::Test {
 protected:
  Sliced() {
    char name[] = "/tmp/cw-slices-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~Sliced() override { std::filesystem::remove_all(folder_); }

  RunSetup setup(const std::string& body, const std::string& owner = "", const std::string& policy = "") {
    static const auto bundle = Bundle::load(CW_SOURCE_DIR);
    const auto file = folder_ / ("flow" + std::to_string(++files_) + ".lua");
    std::ofstream(file) << "local log = require 'log'\n"
                           "local function work(n) local x = 0 for _ = 1, n do x = x * 1 + 1 end return x end\n"
                           "return { name = 'test', summary = 'A test', run = function(run)\n"
                        << body << "\nend }";
    RunSetup out;
    out.owner = owner;
    out.bundle = bundle->with_file(file);
    out.flow_name = file.generic_string();
    out.policy = Policy::parse("policy.lua", "return { name = 'test', api = 1, " + policy + " }", *bundle);
    out.keys = std::make_shared<crypto::FileKeyStore>();
    out.reader = &reader_;
    out.observer = &notes_;
    out.inputs = Inputs::repeatable(7);
    return out;
  }
  /// Until it is over; how often it was advanced.
  int advance_all(engine::Run& run, std::optional<std::chrono::microseconds> slice) {
    int times = 0;
    while (run.phase() != engine::Run::Phase::done) {
      if (run.phase() == engine::Run::Phase::ready) {
        run.advance(slice);
        ++times;
      } else {
        run.complete(run.carry_out());
      }
    }
    return times;
  }

  std::filesystem::path folder_;
  int files_ = 0;
  se::SimReader reader_{std::make_shared<se::Card>(se::flavor("generic"))};
  Notes notes_;
};

const char* const kStory =
    "for i = 1, 4 do\n"
    "  local got = coroutine.wrap(function() work(900) coroutine.yield(run.card:select('')) end)()\n"
    "  table.sort({ 3, 1, 2 }, function(a, b) work(300) return a < b end)\n"
    "  log.info(#got + work(1000) .. ' ' .. require('random').bytes(2):byte(1))\n"
    "end";

TEST_F(Sliced, a_run_is_ready_again_after_its_slice) {
  engine::Run run(setup("work(2000)"));
  run.advance(kShortest);
  EXPECT_EQ(run.phase(), engine::Run::Phase::ready);
  EXPECT_GT(advance_all(run, kShortest), 5);
  EXPECT_FALSE(run.result().error);
}

TEST_F(Sliced, without_a_slice_it_goes_on_to_its_end) {
  engine::Run run(setup("work(200000)"));
  run.advance();
  EXPECT_EQ(run.phase(), engine::Run::Phase::done);
}

TEST_F(Sliced, its_recording_its_notes_and_its_instructions_are_those_of_a_run_that_was_not_cut) {
  std::vector<std::string> recordings;
  std::vector<RunResult> results;
  std::vector<std::vector<std::string>> notes;
  for (const auto slice : {std::optional<std::chrono::microseconds>(), std::optional(kShortest)}) {
    std::ostringstream text;
    {
      Recorder recorder(text, {});
      files_ = 0;  // of the same name
      RunSetup given = setup(kStory);
      given.recorder = &recorder;
      engine::Run run(std::move(given));
      EXPECT_GT(advance_all(run, slice), slice ? 20 : 4);
      results.push_back(run.result());
    }
    recordings.push_back(text.str());
    notes.push_back(std::exchange(notes_.texts, {}));
  }
  EXPECT_FALSE(results[0].error) << results[0].error->message();
  EXPECT_EQ(recordings[0], recordings[1]);
  EXPECT_EQ(notes[0], notes[1]);
  EXPECT_EQ(notes[0].size(), 4U);
  EXPECT_EQ(results[0].instructions, results[1].instructions);
  EXPECT_EQ(results[0].commands, results[1].commands);
}

TEST_F(Sliced, the_budget_of_instructions_ends_it_in_the_middle_of_its_slices) {
  for (const char* body :
       {"while true do end", "coroutine.wrap(function() while true do pcall(work, 900) end end)()"}) {
    std::vector<RunResult> results;
    for (const auto slice : {std::optional<std::chrono::microseconds>(), std::optional(kShortest)}) {
      engine::Run run(setup(body, "", "limits = { instructions = 300000 }"));
      advance_all(run, slice);
      results.push_back(run.result());
    }
    ASSERT_TRUE(results[1].error);
    EXPECT_EQ(results[1].error->kind(), ErrorKind::budget);
    EXPECT_NE(results[1].error->message().find("instructions"), std::string::npos) << results[1].error->message();
    EXPECT_EQ(results[0].instructions, results[1].instructions) << body;
  }
}

TEST_F(Sliced, it_can_be_stopped_between_two_slices) {
  engine::Run run(setup("coroutine.wrap(function() while true do end end)()"));
  do {
    if (run.phase() == engine::Run::Phase::waiting) run.complete(run.carry_out());
    run.advance(kShortest);
  } while (run.phase() != engine::Run::Phase::ready);
  run.stop(Error(ErrorKind::usage, "enough"));
  ASSERT_EQ(run.phase(), engine::Run::Phase::done);
  EXPECT_EQ(run.result().error->message(), "enough");
}

TEST_F(Sliced, owners_take_turns_at_the_scheduler_however_many_runs_one_of_them_has) {
  Scheduler scheduler(kLongWait, kShortest);
  for (int i = 0; i < 20; ++i) {
    scheduler.add(std::make_unique<engine::Run>(setup("for i = 1, 10 do log.info('many') work(1500) end", "many")));
  }
  scheduler.add(std::make_unique<engine::Run>(setup("for i = 1, 10 do work(1500) end log.info('one')", "one")));
  scheduler.run_all();
  const auto one = std::find(notes_.texts.begin(), notes_.texts.end(), "one") - notes_.texts.begin();
  // Of its turns each is followed by one of the others', and in one turn no more than two notes are written.
  EXPECT_LT(one, 100) << "of " << notes_.texts.size();
  EXPECT_EQ(notes_.texts.size(), 201U);
}

TEST_F(Sliced, a_run_that_never_ends_keeps_no_other_from_its_end) {
  std::atomic<bool> stop{false};
  struct Stopping : Observer {
    explicit Stopping(std::atomic<bool>& flag) : stop(flag) {}
    void noted(const host::Note&) override { stop = true; }
    std::atomic<bool>& stop;
  } stopping(stop);
  Scheduler scheduler(kLongWait, kShortest);
  const std::string spins = "limits = { instructions = 1000000000000, awake_s = 86400 }";
  for (int i = 0; i < 5; ++i) {
    scheduler.add(std::make_unique<engine::Run>(setup("while true do end", "spins", spins)));
  }
  RunSetup last = setup("work(50000) run.card:select('') log.info('the end')", "works");
  last.observer = &stopping;
  scheduler.add(std::make_unique<engine::Run>(std::move(last)));
  scheduler.run_all(&stop);  // comes back at all
  EXPECT_TRUE(stop);
}

std::string order_of(OwnerTurns<char>& turns) {
  std::string out;
  while (!turns.empty()) out += turns.take();
  return out;
}

TEST(OwnerTurns, owners_alternate_and_what_waits_of_one_goes_in_its_order) {
  OwnerTurns<char> turns;
  for (const char each : {'1', '2', '3', '4'}) turns.put("digits", each);
  for (const char each : {'a', 'b'}) turns.put("letters", each);
  turns.put("other", '!');
  EXPECT_EQ(order_of(turns), "1a!2b34");
}

TEST(OwnerTurns, who_comes_during_a_turn_is_next) {
  OwnerTurns<char> turns;
  for (const char each : {'1', '2'}) turns.put("digits", each);
  EXPECT_EQ(turns.take(), '1');
  turns.put("digits", '3');  // its slice is over
  turns.put("letters", 'a');
  EXPECT_EQ(order_of(turns), "a23");
}

TEST(OwnerTurns, one_turn_may_serve_more_of_the_same_owner) {
  OwnerTurns<char> turns;
  EXPECT_FALSE(turns.take_more());
  for (const char each : {'1', '2'}) turns.put("digits", each);
  turns.put("letters", 'a');
  EXPECT_EQ(turns.take(), '1');
  EXPECT_EQ(turns.take_more(), '2');
  EXPECT_FALSE(turns.take_more());
  turns.put("digits", '3');
  EXPECT_EQ(turns.take_more(), '3');
  EXPECT_EQ(order_of(turns), "a");
}

}  // namespace
}  // namespace cw::engine
