// What a run keeps of its card's domains: in the store before the script goes on, one row whatever becomes of the
// process, and nothing that a replay would ask anybody for.
#include <gtest/gtest.h>

#include "base/error.h"
#include "bench.h"

namespace cw::journal {
namespace {

using At = KillPoint::At;
using store::Domain;
using store::DomainState;

constexpr const char* kBody = R"(
    local domains, apdu, hex = require "domains", require "apdu", require "hex"
    local aid = hex"F063617264770001"
    local cplc = apdu.command { cla = 0x80, ins = 0xCA, p1 = 0x9F, p2 = 0x7F, le = 256 }
    run.card:send(cplc)
    domains.put { aid = aid, state = "asked", se_id = "9F7F", issuer = "https://x.example/" }
    run.card:send(cplc)
    domains.put { aid = aid, state = "present", keys = "demo.sd", version = 0x30 }
    local known = domains.list()
    assert(#known == 1 and known[1].issuer == "https://x.example/" and known[1].keys == "demo.sd")
    run.card:send(cplc)
)";

struct DomainBench : Bench {
  DomainBench() { budgets = true; }  // so the card is asked who it is
  std::string flow() const { return flow_file("keeping", kBody); }
  std::vector<Domain> kept() const { return open_store()->domains().list({}); }
};

TEST(DomainsOfARun, AreInTheStoreWhenItIsDone) {
  DomainBench bench;
  const Bench::End end = bench.run(bench.flow(), {});
  EXPECT_EQ(end.error, "");
  ASSERT_EQ(bench.kept().size(), 1U);
  const Domain domain = bench.kept()[0];
  EXPECT_EQ(domain.aid, "F063617264770001");
  EXPECT_TRUE(domain.card.starts_with("CPLC-")) << domain.card;
  EXPECT_EQ(domain.state, DomainState::present);
  EXPECT_EQ(domain.se_id, "9F7F");
  EXPECT_EQ(domain.run, end.id);
  EXPECT_EQ(bench.replay(end.id), "");
  EXPECT_EQ(bench.kept()[0].changed, domain.changed) << "a replay keeps nothing";
}

TEST(DomainsOfARun, KilledAnywhereLeaveOneRow) {
  for (const At at : {At::before_intent, At::after_intent, At::sent, At::answered, At::committed}) {
    for (int number = 1; number <= 4; ++number) {
      DomainBench bench;
      const Bench::End killed = bench.run(bench.flow(), {}, {at, number});
      if (killed.killed && !killed.id.empty()) bench.resume(killed.id);
      const std::vector<Domain> kept = bench.kept();
      ASSERT_EQ(kept.size(), 1U) << static_cast<int>(at) << " " << number << " " << killed.error;
      EXPECT_EQ(kept[0].state, DomainState::present);
      EXPECT_EQ(kept[0].keys, "demo.sd");
    }
  }
}

TEST(DomainsOfARun, WhatACardOfNoNameHasIsNotKeptAndNoRunFailsOfThat) {
  Bench bench;  // nobody asks the card
  const Bench::End end = bench.run(bench.flow_file("keeping", R"(
    local domains = require "domains"
    domains.put { aid = "AID00", state = "present" }
    assert(#domains.list() == 0)
)"),
                                   {});
  EXPECT_EQ(end.error, "");
  EXPECT_TRUE(bench.open_store()->domains().list({}).empty());
}

TEST(DomainsOfARun, NoCardHasMoreThanSixtyFour) {
  DomainBench bench;
  const Bench::End end = bench.run(bench.flow_file("hostile", R"(
    local domains = require "domains"
    run.card:send(require("apdu").command { cla = 0x80, ins = 0xCA, p1 = 0x9F, p2 = 0x7F, le = 256 })
    for n = 0, 200 do domains.put { aid = ("AID%05d"):format(n), state = "present" } end
)"),
                                   {});
  EXPECT_NE(end.error.find("more than a card has"), std::string::npos) << end.error;
  EXPECT_EQ(bench.kept().size(), 64U);
}

}  // namespace
}  // namespace cw::journal
