#include "store/budgets.h"

#include <atomic>
#include <thread>

#include "engines.h"
#include "store/ledgers.h"

namespace cw::store {
namespace {

const Account kIsd{"4790 0001", "", 0x30};
const Account kOther{"4790 0002", "", 0x30};
const Account kDomain{"4790 0001", "A000000151000001", 0x30};
constexpr BudgetLimits kLimits{2, 5};

class BudgetStories : public OnEngine {
 protected:
  void SetUp() override {
    OnEngine::SetUp();
    if (IsSkipped()) return;
    database_ = database_with_tables();
    audit_ = make_audit(*database_);
    budgets_ = make_budgets(*database_, *audit_);
  }

  void charge(const std::string& id, const std::vector<Account>& accounts = {kIsd}, const std::string& run = "",
              Charge kind = Charge::authentication) {
    budgets_->charge(id, kind, accounts, kLimits, run);
  }
  bool is_refused(const std::string& id, const std::vector<Account>& accounts = {kIsd}) {
    return refusal([&] { charge(id, accounts); }).starts_with("budget: ");
  }
  void charge_and_settle(const std::string& id, Outcome outcome, const std::vector<Account>& accounts = {kIsd}) {
    charge(id, accounts);
    budgets_->settle(id, outcome);
  }
  /// "refused/lost"
  std::string spent(const Account& account = kIsd, Charge kind = Charge::authentication) {
    const Spent spent = budgets_->spent(kind, account);
    return std::to_string(spent.refused) + "/" + std::to_string(spent.lost);
  }

  std::unique_ptr<Database> database_;
  std::unique_ptr<Audit> audit_;
  std::unique_ptr<Budgets> budgets_;
};

TEST_P(BudgetStories, WhatIsOpenRefusedOrLostCountsAndWhatWasVerifiedDoesNot) {
  charge("a");
  EXPECT_EQ(spent(), "0/1");
  budgets_->settle("a", Outcome::refused);
  EXPECT_EQ(spent(), "1/0");
  charge_and_settle("b", Outcome::refunded);
  EXPECT_EQ(spent(), "1/0");
  charge_and_settle("c", Outcome::lost);
  EXPECT_EQ(spent(), "1/1");
  EXPECT_EQ(spent(kOther), "0/0");
  EXPECT_EQ(spent(kIsd, Charge::content), "0/0");
}

TEST_P(BudgetStories, ACardIsNotAskedAgainAfterItRefusedTwice) {
  charge_and_settle("a", Outcome::refused);
  charge_and_settle("b", Outcome::refused);
  EXPECT_EQ(
      refusal([&] { charge("c"); }),
      "budget: authenticating to card 4790 0001, the ISD, key version 30: the budget is used up: 2 refused (limit "
      "2), 0 without an answer (limit 5), 0 not known yet; the keys may not be the card's, and it may lock itself; "
      "find out why, then run: cardwright budget reset 4790 0001 --reason ...");
  EXPECT_EQ(spent(), "2/0");
  charge_and_settle("d", Outcome::refunded, {kOther});
  charge_and_settle("e", Outcome::refunded, {kDomain});
  charge("f", {kIsd}, "", Charge::content);
}

TEST_P(BudgetStories, TwoDroppedContactsDoNotBlockAHealthyCard) {
  charge_and_settle("a", Outcome::lost);
  charge_and_settle("b", Outcome::lost);
  charge("c");
  budgets_->settle("c", Outcome::refunded, {}, true);
  EXPECT_EQ(spent(), "0/0");
}

TEST_P(BudgetStories, FiveWithoutAnAnswerAreTheLast) {
  for (int i = 0; i < 5; ++i) charge_and_settle("a" + std::to_string(i), Outcome::lost);
  EXPECT_TRUE(is_refused("b"));
  EXPECT_EQ(spent(), "0/5");
}

TEST_P(BudgetStories, WhatIsNotKnownYetCountsAsIfItWereRefused) {
  charge("a");
  charge("b");
  EXPECT_TRUE(is_refused("c"));
  budgets_->settle("a", Outcome::lost);
  charge("c");
}

TEST_P(BudgetStories, ChargingTheSameAgainChargesOnce) {
  charge("a");
  charge("a");
  EXPECT_EQ(spent(), "0/1");
  budgets_->settle("a", Outcome::refused);
  charge("a");
  EXPECT_EQ(spent(), "1/0");
}

TEST_P(BudgetStories, WhatWasRefusedWasNotCharged) {
  charge_and_settle("a", Outcome::refused, {kDomain});
  charge_and_settle("b", Outcome::refused, {kDomain});
  EXPECT_TRUE(is_refused("c", {kIsd, kDomain}));
  EXPECT_EQ(spent(), "0/0");
  budgets_->settle("c", Outcome::refused);
  EXPECT_EQ(spent(), "0/0");
  charge("c", {kIsd});
  EXPECT_EQ(spent(), "0/1");
}

TEST_P(BudgetStories, SettlingTwiceIsSettlingOnce) {
  charge("a");
  budgets_->settle("a", Outcome::lost);
  budgets_->settle("a", Outcome::lost);
  budgets_->settle("a", Outcome::refunded, {}, true);
  budgets_->settle("never charged", Outcome::refused);
  EXPECT_EQ(spent(), "0/1");
}

TEST_P(BudgetStories, VersionZeroMayBeAnyVersion) {
  const auto with_version = [](int64_t version) { return Account{"4790 0001", "", version}; };
  charge_and_settle("a", Outcome::refused, {with_version(0x30)});
  charge_and_settle("b", Outcome::refused, {with_version(0)});
  EXPECT_EQ(spent(with_version(0x30)), "2/0");
  EXPECT_EQ(spent(with_version(0x31)), "1/0");
  EXPECT_EQ(spent(with_version(0)), "2/0");
  EXPECT_TRUE(is_refused("c", {with_version(0)}));
  charge("d", {with_version(0x31)});
}

TEST_P(BudgetStories, AnAttemptMovesToTheCardThatAnswered) {
  const Account claimed{"claimed", "", 0};
  charge("a", {claimed});
  budgets_->settle("a", Outcome::open, {{kIsd}});
  EXPECT_EQ(spent(claimed), "0/0");
  EXPECT_EQ(spent(), "0/1");
  budgets_->settle("a", Outcome::refused, {{kDomain}});
  EXPECT_EQ(spent(), "0/0");
  EXPECT_EQ(spent(kDomain), "1/0");
}

TEST_P(BudgetStories, WhatMovesCountsBeyondALimitSinceItHasHappened) {
  charge("a", {{"claimed", "", 0}});
  charge_and_settle("b", Outcome::refused);
  charge_and_settle("c", Outcome::refused);
  budgets_->settle("a", Outcome::refused, {{kIsd}});
  EXPECT_EQ(spent(), "3/0");
  EXPECT_TRUE(is_refused("d"));
}

TEST_P(BudgetStories, ACardThatCountsFromAnewForgivesWhatWasLostButNotWhatItRefused) {
  const Account any{kIsd.card, "", 0};
  charge_and_settle("a", Outcome::refused);
  charge_and_settle("b", Outcome::lost);
  charge_and_settle("c", Outcome::lost, {any});
  charge_and_settle("d", Outcome::lost, {kOther});
  charge_and_settle("e", Outcome::lost, {kDomain});
  charge("f", {kIsd}, "", Charge::content);
  budgets_->settle("f", Outcome::lost);
  // The card chose, and said that it was version 30.
  charge("g", {any});
  budgets_->settle("g", Outcome::refunded, {{kIsd}}, true);
  EXPECT_EQ(spent(), "1/0");
  EXPECT_EQ(spent(any), "1/0");
  EXPECT_EQ(spent(kOther), "0/1");
  EXPECT_EQ(spent(kDomain), "0/1");
  EXPECT_EQ(spent(kIsd, Charge::content), "0/1");
}

TEST_P(BudgetStories, ALoadThatWentWellForgivesThoseThatWereRefusedBefore) {
  charge_and_settle("a", Outcome::refused);
  charge("b", {kIsd}, "", Charge::content);
  budgets_->settle("b", Outcome::refused);
  charge("c", {kIsd}, "", Charge::content);
  budgets_->settle("c", Outcome::refunded, {}, true);
  EXPECT_EQ(spent(kIsd, Charge::content), "0/0");
  EXPECT_EQ(spent(), "1/0");
}

TEST_P(BudgetStories, ACardForgivesNothingOfTheOneItWasTakenFor) {
  charge_and_settle("a", Outcome::lost, {kOther});
  charge_and_settle("b", Outcome::lost);
  charge("c", {kOther});
  budgets_->settle("c", Outcome::refunded, {{kIsd}}, true);
  EXPECT_EQ(spent(kOther), "0/1");
  EXPECT_EQ(spent(), "0/0");
}

TEST_P(BudgetStories, WhatARunLeftOpenIsLostWhenItGoesOn) {
  charge("a", {kIsd}, "run 1");
  charge("b", {kIsd}, "run 1");
  charge("c", {kIsd}, "run 1");
  budgets_->settle("c", Outcome::refunded);
  EXPECT_EQ(spent(), "0/2");
  budgets_->settle("a", Outcome::refunded);  // too late
  EXPECT_EQ(spent(), "0/2");

  charge("d", {kIsd}, "run 2");
  charge("e", {kIsd}, "run 2", Charge::content);
  EXPECT_EQ(budgets_->lose("run 2"), 2);
  EXPECT_EQ(budgets_->lose("run 2"), 0);
  charge("f", {kIsd}, "run 3");
}

TEST_P(BudgetStories, AnOperatorResetsWithAReasonAndTheAuditHasIt) {
  charge_and_settle("a", Outcome::refused);
  charge_and_settle("b", Outcome::refused, {kIsd, kDomain});
  charge_and_settle("c", Outcome::lost, {kOther});
  EXPECT_EQ(refusal([&] { budgets_->reset(kIsd.card, {}, {}, "ada@desk", " "); }),
            "usage: resetting the budget of card 4790 0001: no reason is given, and the audit keeps one; say why with "
            "--reason");
  EXPECT_EQ(budgets_->reset(kIsd.card, "", 0x31, "ada@desk", "wrong version"), 0);
  EXPECT_EQ(budgets_->reset(kIsd.card, kDomain.domain, {}, "ada@desk", "keys put right"), 1);
  EXPECT_EQ(spent(kDomain), "0/0");
  EXPECT_EQ(spent(), "2/0");
  EXPECT_EQ(budgets_->reset(kIsd.card, {}, {}, "ada@desk", "keys put right"), 2);
  EXPECT_EQ(spent(), "0/0");
  EXPECT_EQ(spent(kOther), "0/1");
  charge("d");

  const std::vector<AuditRecord> records = audit_->list(1, 0);
  ASSERT_EQ(records.size(), 3U);
  const AuditEntry& entry = records[0].entry;
  EXPECT_EQ(entry.actor, "ada@desk");
  EXPECT_EQ(entry.action, "budget reset");
  EXPECT_EQ(entry.subject, kIsd.card);
  using Details = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(entry.details,
            (Details{{"reason", "wrong version"}, {"domain", ""}, {"key version", "31"}, {"charges", "0"}}));
  EXPECT_EQ(records[2].entry.details, (Details{{"reason", "keys put right"}, {"charges", "2"}}));
}

TEST_P(BudgetStories, WhatWasOpenAtAResetCountsAgainOnceItIsKnownToHaveFailed) {
  charge("dead");
  charge("alive");
  EXPECT_EQ(budgets_->reset(kIsd.card, {}, {}, "ada@desk", "a process died"), 2);
  EXPECT_EQ(spent(), "0/0");
  budgets_->settle("alive", Outcome::refused);
  EXPECT_EQ(spent(), "1/0");
}

TEST_P(BudgetStories, WordsAreKeptAboutACardUntilTheyAreTakenBack) {
  using Words = std::vector<std::string>;
  budgets_->mark(kIsd.card, "two");
  budgets_->mark(kIsd.card, "one");
  budgets_->mark(kIsd.card, "one");
  EXPECT_EQ(budgets_->marks(kIsd.card), (Words{"one", "two"}));
  EXPECT_EQ(budgets_->marks(kOther.card), Words{});
  budgets_->unmark(kIsd.card, "one");
  budgets_->unmark(kIsd.card, "one");
  EXPECT_EQ(budgets_->marks(kIsd.card), Words{"two"});
}

TEST_P(BudgetStories, TheListHasWhatCountsByCardDomainAndVersion) {
  charge_and_settle("a", Outcome::refused, {kIsd, kDomain});
  charge("b", {kDomain});
  charge_and_settle("c", Outcome::refunded, {kOther});
  const std::vector<BudgetRow> rows = budgets_->list("");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].account.domain, "");
  EXPECT_EQ(rows[0].spent.refused, 1);
  EXPECT_EQ(rows[0].spent.lost, 0);
  EXPECT_EQ(rows[1].account.domain, kDomain.domain);
  EXPECT_EQ(rows[1].account.version, 0x30);
  EXPECT_EQ(rows[1].spent.lost, 1);
  EXPECT_GT(rows[1].changed, 1'700'000'000'000);
  EXPECT_EQ(budgets_->list(kOther.card).size(), 0U);
  EXPECT_EQ(budgets_->list(kIsd.card).size(), 2U);
}

TEST_P(BudgetStories, NodesThatChargeAtTheSameTimeNeverGoBeyondALimit) {
  constexpr int kNodes = 4, kRounds = 6;
  for (int round = 0; round < kRounds; ++round) {
    const Account first{"card a" + std::to_string(round), "", 1}, second{"card b" + std::to_string(round), "", 1};
    std::atomic<int> charged{0};
    std::vector<std::thread> nodes;
    for (int node = 0; node < kNodes; ++node) {
      nodes.emplace_back([&, node] {
        const std::unique_ptr<Database> own = database();
        const std::unique_ptr<Audit> audit = make_audit(*own);
        const std::unique_ptr<Budgets> budgets = make_budgets(*own, *audit);
        // Two cards at once, each in the other's order: neither waits for the other for ever.
        const std::vector<Account> accounts =
            node % 2 == 0 ? std::vector<Account>{first, second} : std::vector<Account>{second, first};
        const std::string id = std::to_string(round) + "/" + std::to_string(node);
        if (refusal([&] { budgets->charge(id, Charge::authentication, accounts, kLimits, ""); }).empty()) ++charged;
      });
    }
    for (std::thread& node : nodes) node.join();
    EXPECT_EQ(charged, kLimits.refused);
    EXPECT_EQ(spent(first), "0/2");
    EXPECT_EQ(spent(second), "0/2");
  }
}

INSTANTIATE_TEST_SUITE_P(On, BudgetStories, both_engines(), engine_name);

}  // namespace
}  // namespace cw::store
