// A run that is cut into slices has the journal of one that is not, and is built again from it as well.
#include <gtest/gtest.h>

#include "kinds.h"
#include "witness.h"

namespace cw::journal {
namespace {

const std::string kStory = R"(
  local function work(n) local x = 0 for _ = 1, n do x = x * 1 + 1 end return x end
  local isd = gp.open(run.card, { keys = "isd", flavor = run.flavor, level = "mac+enc+rmac" })
  for i = 1, 5 do
    work(3000)
    coroutine.wrap(function() work(2000) isd:key_info() work(2000) end)()
    run:print("%s %d", hex.encode(random.bytes(9)), work(1000))
    clock.sleep(0.002)
  end
  isd:registry())";

TEST(SlicedJournal, IsThatOfARunThatWasNotCut) {
  std::vector<std::vector<std::string>> recorded;
  for (const auto slice : {std::optional<std::chrono::microseconds>(), std::optional(std::chrono::microseconds(0))}) {
    for (const auto long_wait : {engine::kLongWait, std::chrono::milliseconds(0)}) {
      Bench bench;
      bench.slice = slice;
      bench.long_wait = long_wait;
      bench.inputs = engine::Inputs::repeatable(7);
      const End end = bench.run(bench.flow_file("story", kStory), {});
      EXPECT_EQ(end.error, "");
      EXPECT_EQ(end.rebuilt, long_wait == engine::kLongWait ? 0 : 5);
      recorded.push_back({open_journal(*bench.open_store(), end.id).lines.recorded});
      EXPECT_EQ(bench.replay(end.id), "");
    }
  }
  for (const auto& each : recorded) EXPECT_EQ(each, recorded[0]);
}

TEST(SlicedJournal, LeadsOnAfterADeathBetweenTwoSlices) {
  Bench bench;
  bench.slice = std::chrono::microseconds(0);
  const End killed = bench.run(bench.flow_file("story", kStory), {}, {KillPoint::At::committed, 5});
  ASSERT_TRUE(killed.killed) << killed.error;
  const End end = bench.resume(killed.id);
  EXPECT_EQ(end.error, "");
  for (const std::string& line : complaints(bench, end.id, bench.host->seen())) ADD_FAILURE() << line;
}

}  // namespace
}  // namespace cw::journal
