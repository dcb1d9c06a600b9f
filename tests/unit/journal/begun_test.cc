// When a run began is in its journal, and whoever plays it again judges it by that.
#include <gtest/gtest.h>

#include "bench.h"
#include "journal/shadow.h"
#include "se/sim_reader.h"

namespace cw::journal {
namespace {

constexpr int64_t kTuesday = 1'796'119'200'000;  // 2026-12-01T10:00Z

std::shared_ptr<const engine::Policy> on(const std::string& day, const engine::Bundle& bundle) {
  return engine::Policy::parse(
      day + ".lua", "return { name = '" + day + "', api = 1, allow = { times = { { days = '" + day + "' } } } }",
      bundle);
}

TEST(Begun, is_what_a_replay_and_a_shadow_judge_by) {
  Bench bench;
  const auto store = bench.open_store();
  se::SimReader reader(bench.card);
  bench.policy = on("tue", *bench.bundle);
  std::string id;
  {
    engine::RunSetup setup = bench.setup("demo/inventory", {}, reader);
    setup.begun = kTuesday;
    const auto journal = StoreJournal::begin(store, setup, {}, "test");
    id = journal->id();
    setup.journal = journal.get();
    engine::Scheduler scheduler;
    scheduler.add(std::make_unique<engine::Run>(std::move(setup)));
    scheduler.run_all();
    EXPECT_FALSE(scheduler.at(0).result().error);
  }
  EXPECT_EQ(bench.replay(id), "");
  const OpenedJournal opened = open_journal(*store, id);
  const engine::RunSetup setup = read_setup(*store, opened.head, opened.key);
  EXPECT_EQ(setup.begun, kTuesday);
  const engine::Flow flow = engine::check_flow(*setup.bundle, setup.flow_name);
  EXPECT_EQ(Shadow(on("tue", *bench.bundle), flow, setup).verdicts().at(0).is, Verdict::Is::allowed);
  const Shadow later(on("wed", *bench.bundle), flow, setup);
  EXPECT_EQ(later.verdicts().at(0).is, Verdict::Is::denied);
  EXPECT_NE(later.verdicts().at(0).because.find("it is Tue 2026-12-01T10:00Z, and allow.times is wed"),
            std::string::npos);
}

}  // namespace
}  // namespace cw::journal
