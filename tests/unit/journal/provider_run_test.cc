// Runs of a provider that is managed no more: they stop before their next step, nobody takes them up, and they go on
// where they stood once it is managed again.
#include <gtest/gtest.h>

#include "base/error.h"
#include "bench.h"

namespace cw::journal {
namespace {

const char* const kTwoSteps = R"(
    local one, two = false, false
    run:step("one", { done = function() return one end, run = function()
      gp.get_data(run.card, 0x0066)
      clock.sleep(0.4)
      gp.get_data(run.card, 0x0066)
      one = true
    end })
    run:step("two", { done = function() return two end, run = function()
      gp.get_data(run.card, 0x00E0)
      two = true
    end }))";
const char* const kNoSteps = R"(
    gp.get_data(run.card, 0x0066)
    clock.sleep(0.4)
    gp.get_data(run.card, 0x00E0))";
constexpr uint8_t kTagOfTwo = 0xE0;

int64_t now() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

class ProviderRuns : public ::testing::TestWithParam<Bench::On> {
 protected:
  void SetUp() override {
    if (GetParam() == Bench::On::postgres && ::getenv("CW_TEST_POSTGRES") == nullptr) GTEST_SKIP() << "no server";
    bench_ = std::make_unique<Bench>("generic", GetParam());
    bench_->long_wait = std::chrono::milliseconds(0);
    bench_->owner = "acme";
    store_ = bench_->open_store();
    store_->owners().add("acme", "ada@desk");
  }
  store::Providers& providers() { return store_->providers(); }
  /// The one that there is, as soon as it waits in its step.
  std::string waiting() {
    for (;;) {
      for (const store::RunRow& row : store_->runs().list({})) {
        if (row.state == store::RunState::waiting) return row.id;
      }
    }
  }
  bool second_step_was_begun() const {
    for (const Seen& seen : bench_->host->seen()) {
      if (seen.command.size() > 3 && seen.command.at(1) == 0xCA && seen.command.at(3) == kTagOfTwo) return true;
    }
    return false;
  }

  /// acme is suspended while a run of the flow waits: its number, and how it stops.
  std::pair<std::string, Bench::End> suspended_in(const std::string& flow) {
    Process process = bench_->start(flow, {});
    const std::string id = waiting();
    providers().suspend("acme", "unpaid", "bob@desk");
    Bench::End end = process.end();
    const std::string told =
        "policy: run " + id + " stops here and can be resumed: nothing of provider acme is managed";
    EXPECT_EQ(end.error.find(told), 0U) << end.error;
    return {id, std::move(end)};
  }

  std::unique_ptr<Bench> bench_{};
  std::shared_ptr<store::Store> store_{};
};

TEST_P(ProviderRuns, OneThatIsSuspendedMeanwhileDoesNotBeginItsNextStepAndGoesOnOnceItIsResumed) {
  const auto [id, end] = suspended_in(bench_->flow_file("story", kTwoSteps));
  EXPECT_NE(end.error.find("by bob@desk: unpaid"), std::string::npos) << end.error;
  EXPECT_TRUE(end.can_resume);
  EXPECT_FALSE(second_step_was_begun());
  EXPECT_TRUE(open_journal(*store_, id).lines.in_doubt.empty()) << "what the card answered last is kept";
  EXPECT_FALSE(store::is_over(store_->runs().find(id).state));
  const int64_t frames = store_->runs().find(id).frames;

  const Bench::End refused = bench_->resume(id);
  EXPECT_EQ(refused.error.find("policy: nothing of provider acme is managed: it is suspended since"), 0U)
      << refused.error;
  EXPECT_EQ(store_->runs().find(id).frames, frames) << "it is left as it stands";
  EXPECT_FALSE(store_->runs().find(id).held);

  providers().resume("acme", "paid", "bob@desk");
  const Bench::End last = bench_->resume(id);
  EXPECT_EQ(last.error, "");
  EXPECT_EQ(last.attempts, 1U) << "the same attempt, built again";
  EXPECT_TRUE(second_step_was_begun());
  EXPECT_EQ(store_->runs().find(id).state, store::RunState::done);
  EXPECT_EQ(bench_->replay(id), "");
  EXPECT_EQ(store_->check_journals().broken, std::vector<std::string>());
}

TEST_P(ProviderRuns, APeriodThatEndsMeanwhileEndsItByItself) {
  providers().approve("acme", {now() - 1000, now() + 300, false}, "for a moment", "bob@desk");
  const Bench::End end = bench_->run(bench_->flow_file("story", kTwoSteps), {});
  EXPECT_NE(end.error.find("its approval ended on"), std::string::npos) << end.error;
  EXPECT_TRUE(end.can_resume);
  EXPECT_FALSE(second_step_was_begun());
  const Bench::End none = bench_->run(bench_->flow_file("story", kTwoSteps), {});
  EXPECT_NE(none.error.find("its approval ended on"), std::string::npos) << "and none begins";
  EXPECT_EQ(store_->runs().list({}).size(), 1U);
  providers().approve("acme", {now() - 1000, 0, false}, "", "bob@desk");
  EXPECT_EQ(bench_->resume(end.id).error, "");
}

TEST_P(ProviderRuns, AFlowWithoutStepsStopsBeforeItsNextCommand) {
  Process process = bench_->start(bench_->flow_file("story", kNoSteps), {});
  waiting();
  providers().suspend("acme", "unpaid", "bob@desk");
  const Bench::End end = process.end();
  EXPECT_NE(end.error.find("nothing of provider acme is managed"), std::string::npos) << end.error;
  EXPECT_FALSE(second_step_was_begun());
}

TEST_P(ProviderRuns, AnotherOwnersAndTheOperatorsOwnGoOn) {
  store_->owners().add("zenith", "ada@desk");
  bench_->owner = "zenith";
  Process process = bench_->start(bench_->flow_file("story", kTwoSteps), {});
  waiting();
  providers().suspend("acme", "unpaid", "bob@desk");
  EXPECT_EQ(process.end().error, "");
  bench_->owner = "";
  EXPECT_EQ(bench_->run(bench_->flow_file("story", kTwoSteps), {}).error, "");
}

TEST_P(ProviderRuns, OneThatWasKilledIsNotTakenUpWhileItIsSuspendedButStopped) {
  const Bench::End killed = bench_->run(bench_->flow_file("story", kTwoSteps), {}, {KillPoint::At::answered, 2});
  ASSERT_TRUE(killed.killed) << killed.error;
  providers().suspend("acme", "unpaid", "bob@desk");
  EXPECT_EQ(bench_->resume(killed.id).error.find("policy: nothing of provider acme"), 0U);
  store_->runs().ask_to_stop(killed.id);
  EXPECT_TRUE(StoreJournal::stop_if_free(store_, killed.id, "bob@desk")) << "the operator may still end it";
  EXPECT_EQ(store_->runs().find(killed.id).state, store::RunState::stopped);
}

TEST_P(ProviderRuns, ARunThatNeedsConsentSendsNothingBeforeEachHasAgreed) {
  store_->owners().add("nova", "ada@desk");
  bench_->owner = "";
  bench_->budgets = true;  // the card is asked who it is
  const std::string flow =
      bench_->flow_file("ends",
                        "run:step(\"two\", { done = function() return false end, run = function()\n"
                        "gp.get_data(run.card, 0x00E0) end })",
                        "args = { domain = { type = 'aid' }, owners = { type = 'string', optional = true } },\n"
                        "needs = { consent = { domain = '$domain', of = '$owners' } },");
  const std::vector<std::string> settings = {"domain=F063617264770001", "owners=acme,nova"};
  const Bench::End none = bench_->run(flow, settings);
  EXPECT_EQ(none.error.find("policy: domain F063617264770001 of card "), 0U) << none.error;
  EXPECT_NE(none.error.find("others have something in it, and were asked whether it may go: acme (consent "),
            std::string::npos)
      << none.error;
  EXPECT_NE(none.error.find(", nova (consent "), std::string::npos) << none.error;
  EXPECT_FALSE(second_step_was_begun());
  EXPECT_EQ(store_->runs().find(none.id).state, store::RunState::failed);
  std::vector<store::Consent> asked = store_->consents().list(true, {});
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[0].run, none.id);

  store_->consents().decide(asked[0].id, true, "", "grace@nova");
  store_->consents().decide(asked[1].id, false, "people use it", "ada@acme");
  const Bench::End refused = bench_->run(flow, settings);
  EXPECT_NE(refused.error.find("stays, since that was refused for "), std::string::npos) << refused.error;
  EXPECT_NE(refused.error.find(": people use it; "), std::string::npos) << refused.error;
  EXPECT_EQ(store_->consents().list(false, {}).size(), 2U) << "nobody is asked twice";

  store_->consents().decide(asked[1].id, true, "", "ada@acme");
  bench_->run(flow, settings);
  EXPECT_TRUE(second_step_was_begun());
  bench_->owner = "acme";
  EXPECT_EQ(bench_->run(flow, {"domain=F063617264770002", "owners=acme"}).error.find("policy: domain"),
            std::string::npos)
      << "nobody asks himself";
}

TEST_P(ProviderRuns, OnASuspendedOnesCardTheOperatorsOwnStopToo) {
  bench_->owner = "";
  bench_->budgets = true;  // the card is asked who it is
  const std::string flow = bench_->flow_file("story", kTwoSteps);
  const std::string card = store_->runs().find(bench_->run(flow, {}).id).card_id;
  store_->owners().give(card, "acme", "ada@desk");
  bench_->put_in();
  EXPECT_EQ(bench_->run(flow, {}).error, "") << "the operator's work on all";
  const size_t before = bench_->host->seen().size();
  const auto [id, end] = suspended_in(flow);
  EXPECT_NE(end.error.find("the card is acme's, and cardwright card take"), std::string::npos) << end.error;
  EXPECT_GT(bench_->host->seen().size(), before);
  EXPECT_EQ(bench_->resume(id).error.find("policy: nothing of provider acme is managed"), 0U);

  const Bench::End none = bench_->run(flow, {});
  EXPECT_EQ(none.error.find("policy: nothing of provider acme is managed"), 0U) << none.error;
  EXPECT_EQ(store_->runs().find(none.id).state, store::RunState::failed);
  store_->owners().take_back(card, "bob@desk");
  EXPECT_EQ(bench_->run(flow, {}).error, "") << "what is taken back is the operator's";
  EXPECT_EQ(bench_->resume(id).error, "");
}

const char* const kPuts = R"(
    local domains = require "domains"
    run:step("one", { done = function() return false end, run = function()
      domains.put { aid = hex"F063617264770001", state = "locked" }
    end }))";

TEST_P(ProviderRuns, WhatASuspendedOneHasOnACardOfNobodyIsNotTouchedEither) {
  bench_->owner = "";
  bench_->budgets = true;
  const std::string flow = bench_->flow_file("puts", kPuts);
  store::Domain domain;
  domain.card = store_->runs().find(bench_->run(bench_->flow_file("story", kNoSteps), {}).id).card_id;
  domain.aid = "F063617264770001";
  domain.owner = "acme";
  store_->domains().put(domain, "ada@desk");
  providers().suspend("acme", "unpaid", "bob@desk");
  const Bench::End end = bench_->run(flow, {});
  EXPECT_EQ(end.error.find("policy: "), 0U) << end.error;
  EXPECT_NE(end.error.find("domain F063617264770001 of card CPLC-"), std::string::npos) << end.error;
  EXPECT_NE(end.error.find(" is acme's: nothing of provider acme is managed"), std::string::npos) << end.error;
  EXPECT_EQ(store_->domains().list({}).at(0).state, store::DomainState::present);
  EXPECT_EQ(bench_->replay(end.id), end.error);
  providers().deregister("acme", {"", false}, "over", "bob@desk");
  bench_->run(flow, {});
  EXPECT_EQ(store_->domains().list({}).at(0).state, store::DomainState::locked) << "handed back, it is the operator's";
}

const char* const kConsents =
    "args = { domain = { type = 'aid' }, owners = { type = 'string', optional = true } },\n"
    "needs = { keys = { 'isd' }, consent = { domain = '$domain', of = '$owners' } },";

TEST_P(ProviderRuns, ConsentThatIsWithdrawnMeanwhileIsHonouredBeforeTheNextStep) {
  bench_->owner = "";
  bench_->budgets = true;
  const std::string flow = bench_->flow_file("ends", kTwoSteps, kConsents);
  const std::vector<std::string> settings = {"domain=F063617264770001", "owners=acme"};
  bench_->run(flow, settings);
  const std::string consent = store_->consents().list(true, {}).at(0).id;
  store_->consents().decide(consent, true, "", "ada@acme");
  Process process = bench_->start(flow, settings);
  const std::string id = waiting();
  store_->consents().decide(consent, false, "people use it", "ada@acme");
  const Bench::End end = process.end();
  EXPECT_EQ(end.error.find("policy: run " + id + " stops here and can be resumed: domain F063617264770001 of card "),
            0U)
      << end.error;
  EXPECT_NE(end.error.find("refused for acme"), std::string::npos) << end.error;
  EXPECT_FALSE(second_step_was_begun());
  EXPECT_NE(bench_->resume(id).error, "");
  EXPECT_FALSE(second_step_was_begun());
  store_->consents().decide(consent, true, "they moved", "ada@acme");
  EXPECT_EQ(bench_->resume(id).error, "");
  EXPECT_TRUE(second_step_was_begun());
}

/// Deletes the domain itself, and tells of it as the issuer's flows do.
const char* const kDeletes = R"(
    local domains = require "domains"
    local aid = hex"F063617264770001"
    local how = %s
    if how then domains.expect { aid = aid, state = "deleted" } end
    run.card:send(apdu.command { cla = 0x80, ins = 0xE4, data = hex"4F08" .. aid })
    domains.put { aid = aid, state = "deleted" })";

TEST_P(ProviderRuns, AnothersDomainIsNotDeletedByAFlowThatAsksNobody) {
  bench_->owner = "";
  bench_->budgets = true;
  store::Domain domain;
  domain.card = store_->runs().find(bench_->run(bench_->flow_file("story", kNoSteps), {}).id).card_id;
  domain.aid = "F063617264770001";
  domain.owner = "acme";
  store_->domains().put(domain, "ada@desk");
  const auto deletes = [&](const std::string& name, const char* expects, const std::string& head = {}) {
    std::string body = kDeletes;
    body.replace(body.find("%s"), 2, expects);
    return bench_->flow_file(name, body, head);
  };
  const auto deleted = [&] {
    for (const Seen& seen : bench_->host->seen()) {
      if (seen.command.size() > 3 && seen.command.at(1) == 0xE4) return true;
    }
    return false;
  };
  for (const char* expects : {"true", "false", "pcall(domains.expect, { aid = aid, state = 'deleted' }) and nil"}) {
    const Bench::End end = bench_->run(deletes("forgets", expects), {});
    EXPECT_EQ(end.error.find("policy: "), 0U) << expects << end.error;
    EXPECT_NE(end.error.find("domain F063617264770001 of card CPLC-"), std::string::npos) << end.error;
    EXPECT_NE(end.error.find(" is acme's, who was not asked whether it may go"), std::string::npos) << end.error;
    EXPECT_FALSE(deleted()) << expects;
    EXPECT_FALSE(end.can_resume && !store::is_over(store_->runs().find(end.id).state));
    EXPECT_EQ(store_->runs().find(end.id).state, store::RunState::failed);
    EXPECT_NE(bench_->replay(end.id).find("who was not asked"), std::string::npos) << bench_->replay(end.id);
  }
  EXPECT_EQ(store_->domains().list({}).at(0).state, store::DomainState::present);

  // A provider that the other one lets do it.
  store_->owners().add("nova", "ada@desk");
  const std::string asks = deletes("asks", "true", kConsents);
  bench_->run(asks, {"domain=F063617264770001"});
  EXPECT_FALSE(deleted());
  store_->consents().decide(store_->consents().list(true, {}).at(0).id, true, "", "ada@acme");
  bench_->run(asks, {"domain=F063617264770001"});
  EXPECT_TRUE(deleted());
  EXPECT_EQ(store_->domains().list({}).at(0).state, store::DomainState::deleted);
  EXPECT_EQ(store_->domains().list({}).at(0).owner, "acme");
}

TEST_P(ProviderRuns, WhereNobodyCanBeAskedNothingEnds) {
  HostedReader reader(-1);
  bench_->owner = "";
  const std::string flow = bench_->flow_file("ends", kNoSteps, kConsents);
  const engine::RunSetup made = bench_->setup(flow, {"domain=F063617264770001", "owners=acme"}, reader);
  const auto journal = StoreJournal::begin(store_, made, {}, "test");
  try {
    journal->card_is("ATR-3B00");
    FAIL() << "all of its kind say the same";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::policy);
    EXPECT_NE(error.message().find("the card does not say who it is"), std::string::npos) << error.message();
  }
  EXPECT_TRUE(store_->consents().list(false, {}).empty());
}

TEST_P(ProviderRuns, ADeviceThatIsToHaveACertainCardIsAskedNothingBeforeEachHasAgreed) {
  HostedReader reader(-1);
  bench_->owner = "";
  const std::string flow = bench_->flow_file("ends", kNoSteps, kConsents);
  const engine::RunSetup made = bench_->setup(flow, {"domain=F063617264770001", "owners=acme"}, reader);
  RunAhead ahead;
  ahead.card = "CPLC-1";
  const auto journal = StoreJournal::begin(store_, made, {}, "test", ahead);
  journal->card_is_far();
  EXPECT_THROW(journal->before(host::Reset{}), Error);
  ASSERT_NE(journal->must_stop(), nullptr);
  EXPECT_NE(journal->must_stop()->message().find("asked whether it may go: acme"), std::string::npos);
  store_->consents().decide(store_->consents().list(true, {}).at(0).id, true, "", "ada@acme");
  const auto next = StoreJournal::begin(store_, made, {}, "test", ahead);
  EXPECT_NO_THROW(next->before(host::Reset{}));
}

TEST_P(ProviderRuns, AFlowThatAsksForConsentWantsAStore) {
  HostedReader reader(-1);
  const std::string flow = bench_->flow_file("ends", kNoSteps, kConsents);
  try {
    const engine::Run run(bench_->setup(flow, {"domain=F063617264770001"}, reader));
    FAIL() << "it has nobody to ask";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::policy);
    EXPECT_NE(error.message().find("name one with --store"), std::string::npos) << error.message();
  }
}

INSTANTIATE_TEST_SUITE_P(On, ProviderRuns, ::testing::Values(Bench::On::sqlite, Bench::On::postgres),
                         [](const auto& each) { return each.param == Bench::On::sqlite ? "sqlite" : "postgres"; });

}  // namespace
}  // namespace cw::journal
