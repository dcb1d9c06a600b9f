// A run that waits is dropped from memory and built again from its journal, in the same process and in the channels it
// has open. It does the same as one that stayed.
#include <gtest/gtest.h>

#include "kinds.h"
#include "witness.h"

namespace cw::journal {
namespace {

constexpr std::chrono::milliseconds kNever{1'000'000};

const std::string kHead = R"(
  args = { cap = { type = "cap", help = "CAP file" } },
  needs = { keys = { "isd", "demo.sd" } },)";

struct Story {
  std::string name{};
  std::string flavor{};
  std::string body{};  // of the flow's run function
  int waits = 0;
};

void PrintTo(const Story& story, std::ostream* out) { *out << story.name << " on " << story.flavor; }

std::string in_channel(const std::string& options) {
  return "local isd = gp.open(run.card, { keys = 'isd', flavor = run.flavor, " + options +
         " })\n"
         "isd:registry()\nclock.sleep(0.002)\nisd:key_info()\nclock.sleep(0.002)\nisd:registry()\n";
}

std::vector<Story> stories() {
  std::vector<Story> out;
  for (const char* level : {"none", "mac", "mac+enc", "mac+rmac", "mac+enc+rmac", "mac+enc+rmac+renc"}) {
    out.push_back({"scp03_" + std::string(level), "generic", in_channel("level = '" + std::string(level) + "'"), 2});
  }
  for (const char* level : {"mac", "mac+enc"}) {
    out.push_back({"scp02_" + std::string(level), "smartcafe", in_channel("level = '" + std::string(level) + "'"), 2});
  }
  for (const char* level : {"mac+rmac", "mac+enc+rmac"}) {
    out.push_back(
        {"scp02_" + std::string(level), "smartcafe", in_channel("i = 0x75, level = '" + std::string(level) + "'"), 2});
  }
  out.push_back({"after_a_load", "generic", R"(
    local isd = gp.open(run.card, { keys = "isd", flavor = run.flavor })
    isd:load(run.args.cap)
    clock.sleep(0.002)
    isd:install { elf = run.args.cap.package_aid, module = run.args.cap.applets[1], aid = run.args.cap.applets[1] }
    clock.sleep(0.002)
    isd:registry())",
                 2});
  out.push_back({"with_inputs_of_all_kinds", "generic", R"(
    local isd = gp.open(run.card, { keys = "isd", flavor = run.flavor })
    for i = 1, 4 do
      run:print("%s %d %d", hex.encode(random.bytes(9)), clock.now(), keys.info("demo.sd").version)
      clock.sleep(0.002)
      run:print("%d %s", clock.now(), hex.encode(random.bytes(3)))
      isd:key_info()
    end)",
                 4});
  out.push_back({"in_a_step_that_ends_the_run", "generic", R"(
    local isd = gp.open(run.card, { keys = "isd", flavor = run.flavor })
    local outer, inner = false, false
    run:step("outer", { done = function() return outer end, run = function()
      run:step("inner", { done = function() return inner end, run = function() isd:key_info(); inner = true end })
      clock.sleep(0.002)
      outer = true
    end })
    run:step("nothing to do", { done = function() return true end, run = function() end })
    run:print("the end"))",
                 1});
  out.push_back({"after_a_reset", "generic", R"(
    local function open() return gp.open(run.card, { keys = "isd", flavor = run.flavor }) end
    open()
    run.card:reset()
    clock.sleep(0.002)
    open():registry()
    clock.sleep(0.002)
    open():registry())",
                 2});
  out.push_back({"two_logical_channels", "generic", R"(
    local function command(cla, ins, p1, p2, data)
      return apdu.command { cla = cla, ins = ins, p1 = p1, p2 = p2, data = data or "", le = 256 }
    end
    run.card:expect(command(0x00, 0xA4, 0x04, 0x00, run.flavor.isd_aid))
    local number = run.card:expect(command(0x00, 0x70, 0x00, 0x00)):byte(1)
    local zero = run.card:open_channel { keys = "isd", level = "mac+enc" }
    run.card:expect(command(number, 0xA4, 0x04, 0x00, run.flavor.isd_aid))
    local one = run.card:open_channel { keys = "isd", level = "mac+enc+rmac", logical_channel = number }
    for i = 1, 3 do
      zero:expect(command(0x80, 0xF2, 0x80, 0x02, hex "4F00"))
      clock.sleep(0.002)
      one:expect(command(0x80, 0xF2, 0x80, 0x02, hex "4F00"))
      clock.sleep(0.002)
    end)",
                 6});
  out.push_back({"fifty_times", "generic", R"(
    local isd = gp.open(run.card, { keys = "isd", flavor = run.flavor, level = "mac+enc+rmac" })
    for i = 1, 50 do
      isd:key_info()
      clock.sleep(0.001)
    end
    isd:registry())",
                 50});
  return out;
}

std::string name_of_story(const testing::TestParamInfo<Story>& info) {
  std::string out = info.param.flavor + "_" + info.param.name;
  for (char& c : out) c = c == '+' ? '_' : c;
  return out;
}

class Passivation : public testing::TestWithParam<Story> {};

TEST_P(Passivation, a_run_that_is_dropped_at_each_wait_does_what_one_does_that_stays) {
  const Story& story = GetParam();
  std::vector<std::string> recorded;
  std::vector<std::string> memory;
  for (const auto long_wait : {kNever, std::chrono::milliseconds(0)}) {
    Bench bench(story.flavor);
    if (story.body.find("i = 0x75") != std::string::npos) {
      bench.flavor.scp02_i = uint8_t{0x75};  // with R-MAC
      bench.put_in();
    }
    bench.long_wait = long_wait;
    bench.inputs = engine::Inputs::repeatable(7);
    const End end = bench.run(bench.flow_file("story", story.body, kHead), kSettings);
    EXPECT_EQ(end.error, "");
    EXPECT_EQ(end.attempts, 1U);
    EXPECT_EQ(end.rebuilt, long_wait == kNever ? 0 : story.waits);
    recorded.push_back(open_journal(*bench.open_store(), end.id).lines.recorded);
    memory.push_back(memory_of(*bench.card));
    for (const std::string& line : complaints(bench, end.id, bench.host->seen())) ADD_FAILURE() << line;
    EXPECT_EQ(bench.replay(end.id), "");
  }
  EXPECT_EQ(recorded[0], recorded[1]);
  EXPECT_EQ(memory[0], memory[1]);
}

INSTANTIATE_TEST_SUITE_P(Stories, Passivation, testing::ValuesIn(stories()), name_of_story);

TEST(Passivation, CommandsAndWaitsOfARunThatIsDroppedOftenCountOnce) {
  Bench bench;
  bench.long_wait = std::chrono::milliseconds(0);
  // 4000 commands are allowed; counted anew with each of 30 rebuilds, 300 would be 4650.
  const End end = bench.run(bench.flow_file("story", R"(
    run.card:select("")
    for i = 1, 30 do
      for j = 1, 10 do gp.get_data(run.card, 0x0066) end
      clock.sleep(0.001)
    end)"),
                            {});
  EXPECT_EQ(end.error, "");
  EXPECT_EQ(end.rebuilt, 30);
}

TEST(Passivation, ARunIsDroppedInOneProcessAndTakenUpByAnother) {
  Bench bench;
  bench.long_wait = std::chrono::milliseconds(0);
  const std::string flow = bench.flow_file("story", R"(
    local isd = gp.open(run.card, { keys = "isd", flavor = run.flavor, level = "mac+enc+rmac" })
    for i = 1, 4 do
      isd:key_info()
      clock.sleep(0.002)
    end)");
  const End killed = bench.run(flow, {}, {KillPoint::At::committed, 5});
  ASSERT_TRUE(killed.killed) << killed.error;
  const End end = bench.resume(killed.id);
  EXPECT_EQ(end.error, "");
  EXPECT_EQ(end.attempts, 1U);
  for (const std::string& line : complaints(bench, end.id, bench.host->seen())) ADD_FAILURE() << line;
}

TEST(Passivation, ARunThatIsToStopDoesNotBeginTheStepAfterItsWait) {
  Bench bench;
  bench.long_wait = std::chrono::milliseconds(0);
  const std::string flow = bench.flow_file("story", R"(
    local one, two = false, false
    run:step("one", { done = function() return one end, run = function() clock.sleep(0.5); one = true end })
    run:step("two", { done = function() return two end, run = function()
      gp.get_data(run.card, 0x0066)
      two = true
    end }))");
  Process process = bench.start(flow, {});
  const auto store = bench.open_store();
  std::string id;
  while (id.empty()) {
    for (const store::RunRow& row : store->runs().list({})) {
      if (row.state == store::RunState::waiting) id = row.id;
    }
  }
  store->runs().ask_to_stop(id);
  const End end = process.end();
  EXPECT_NE(end.error.find("was stopped before its next command"), std::string::npos) << end.error;
  EXPECT_EQ(end.rebuilt, 1);
  EXPECT_EQ(store->runs().find(id).state, store::RunState::stopped);
  for (const Seen& seen : bench.host->seen()) EXPECT_TRUE(seen.command.empty()) << "only the reset";
}

}  // namespace
}  // namespace cw::journal
