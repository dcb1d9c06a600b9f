// Results that a run with a journal hands over: in the outbox before the script goes on, one of each name, whatever
// becomes of the process.
#include <fstream>

#include <gtest/gtest.h>

#include "base/error.h"
#include "bench.h"
#include "journal/courier.h"

namespace cw::journal {
namespace {

using At = KillPoint::At;

/// Reads the card, hands its result over, and reads it again.
std::string flow_file(const Bench& bench) {
  const std::string file = (bench.folder / "delivering.lua").string();
  std::ofstream(file) << R"(local http, apdu, clock = require "http", require "apdu", require "clock"
return { name = "delivering", summary = "for a story", needs = { backends = { "https://x.example/" } },
  run = function(run)
    local cplc = apdu.command { cla = 0x80, ins = 0xCA, p1 = 0x9F, p2 = 0x7F, le = 256 }
    run.card:send(cplc)
    http.deliver { name = "result", url = "https://x.example/results", body = "all is well" }
    clock.sleep(0.001)
    run.card:send(cplc)
  end }
)";
  return file;
}

struct DeliveryBench : Bench {
  DeliveryBench() {
    const std::string file = (folder / "policy.lua").string();
    std::ofstream(file)
        << "return { name = 'story', api = 1, allow = { backends = { ['https://x.example/'] = {} } } }\n";
    policy = engine::Policy::load(file, *bundle);
  }

  std::vector<store::Parcel> parcels() const { return open_store()->outbox().list(true); }

  /// What a backend gets that takes everything, as "key body".
  std::vector<std::string> received() const {
    std::vector<std::string> out;
    Courier::Setup setup;
    setup.store = open_store();
    setup.http = [&](const host::HttpCall& call) {
      out.push_back(call.headers.back().second + " " + call.body);
      return host::HttpReply{204, {}, ""};
    };
    Courier courier(std::move(setup));
    while (courier.deliver_one()) {
    }
    return out;
  }
};

TEST(Deliveries, AResultIsInTheOutboxWhenTheRunIsDone) {
  DeliveryBench bench;
  const Bench::End end = bench.run(flow_file(bench), {});
  EXPECT_EQ(end.error, "");
  const std::vector<store::Parcel> parcels = bench.parcels();
  ASSERT_EQ(parcels.size(), 1U);
  EXPECT_EQ(parcels[0].run, end.id);
  EXPECT_EQ(parcels[0].name, "result");
  EXPECT_EQ(bench.received(), std::vector<std::string>{parcels[0].key + " all is well"});
  EXPECT_TRUE(bench.received().empty());
  const OpenedJournal journal = open_journal(*bench.open_store(), end.id);
  EXPECT_NE(journal.lines.recorded.find("deliver \"result\" \"POST\" \"https://x.example/results\" body \"all is "
                                        "well\" => done\n"),
            std::string::npos)
      << journal.lines.recorded;
}

TEST(Deliveries, ARunKilledAnywhereLeavesOneParcelWithOneKey) {
  for (const At at : {At::before_intent, At::after_intent, At::sent, At::answered, At::committed}) {
    for (int number = 1; number <= 4; ++number) {
      DeliveryBench bench;
      const std::string flow = flow_file(bench);
      const Bench::End killed = bench.run(flow, {}, {at, number});
      const std::vector<std::string> early = bench.received();
      if (killed.killed && !killed.id.empty()) {
        const Bench::End end = bench.resume(killed.id);
        // A run whose end was committed is over.
        if (!end.error.empty()) {
          EXPECT_EQ(bench.open_store()->runs().find(killed.id).state, store::RunState::done);
        }
      }
      const std::vector<store::Parcel> parcels = bench.parcels();
      ASSERT_EQ(parcels.size(), 1U) << static_cast<int>(at) << " " << number << " " << killed.error;
      const std::vector<std::string> late = bench.received();
      EXPECT_EQ(early.size() + late.size(), 1U) << "once taken, never again";
      EXPECT_EQ((early.empty() ? late : early).front(), parcels[0].key + " all is well");
    }
  }
}

TEST(Deliveries, AnAttemptIsBuiltAgainOverAHandOverThatItsJournalDoesNotHave) {
  DeliveryBench bench;
  const std::string flow = flow_file(bench);
  // Reset, command, parcel: dead when it is in the outbox, before a frame says so.
  const Bench::End killed = bench.run(flow, {}, {At::sent, 3});
  ASSERT_TRUE(killed.killed) << killed.error;
  const OpenedJournal journal = open_journal(*bench.open_store(), killed.id);
  EXPECT_TRUE(journal.lines.in_doubt.empty());
  EXPECT_EQ(journal.lines.recorded.find("deliver"), std::string::npos);
  EXPECT_EQ(bench.parcels().size(), 1U);
  const Bench::End end = bench.resume(killed.id);
  EXPECT_EQ(end.error, "");
  EXPECT_EQ(end.attempts, 1U);
  EXPECT_EQ(bench.parcels().size(), 1U);
}

}  // namespace
}  // namespace cw::journal
