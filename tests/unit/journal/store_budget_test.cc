#include "journal/store_budget.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "budget_schedule.h"

namespace cw::journal {
namespace {

class StoreBudgetTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/cw-budget-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::shared_ptr<store::Store> node() const {
    store::StoreOptions options;
    options.where = (folder_ / "store").string();
    return store::Store::open(options);
  }

  std::filesystem::path folder_;
  std::shared_ptr<se::Card> card_ = std::make_shared<se::Card>(se::flavor("generic"));
  engine::SpoiltReader reader_{card_};
};

TEST_F(StoreBudgetTest, nodes_share_a_budget_and_an_operator_resets_it) {
  for (int i = 0; i < 2; ++i) {
    engine::Desk desk(reader_, std::make_shared<StoreBudget>(node(), "run " + std::to_string(i)));
    desk.reset();
    EXPECT_TRUE(desk.refusal("wrong" + std::to_string(i)).starts_with("channel"));
  }
  const auto store = node();
  engine::Desk desk(reader_, std::make_shared<StoreBudget>(store, "run 2"));
  desk.reset();
  const std::string said = desk.refusal("right");
  EXPECT_TRUE(said.starts_with("budget")) << said;
  EXPECT_NE(said.find("cardwright budget reset " + desk.card()), std::string::npos) << said;
  EXPECT_EQ(reader_.count("50"), 2);

  EXPECT_EQ(store->budgets().reset(desk.card(), {}, {}, "ada", "the key file was another one"), 2);
  EXPECT_EQ(desk.refusal("right"), "");
}

TEST_F(StoreBudgetTest, a_run_that_is_taken_up_has_lost_what_it_left_open) {
  using Killed = engine::BudgetSchedule::Killed;
  reader_.spoil = [](ByteView command, const engine::SpoiltReader::Pass& pass) {
    if (command[1] == 0x50) throw Killed();
    return pass(command);
  };
  for (int i = 0; i < 2; ++i) {
    engine::Desk desk(reader_, std::make_shared<StoreBudget>(node(), "run"));
    desk.reset();
    EXPECT_THROW(desk.open("right"), Killed);
  }
  reader_.spoil = {};
  engine::Desk desk(reader_, std::make_shared<StoreBudget>(node(), "run"));
  desk.reset();
  EXPECT_EQ(desk.refusal("right"), "") << "two lost contacts block nobody";
}

TEST_F(StoreBudgetTest, what_was_seen_of_a_card_is_kept) {
  engine::Desk(reader_, std::make_shared<StoreBudget>(node(), "run")).reset();
  StoreBudget(node(), "a").mark("card", "keyed F0");
  StoreBudget(node(), "b").mark("card", "keyed F0");
  EXPECT_EQ(StoreBudget(node(), "c").marks("card"), std::vector<std::string>{"keyed F0"});
  StoreBudget(node(), "d").unmark("card", "keyed F0");
  EXPECT_TRUE(StoreBudget(node(), "e").marks("card").empty());
}

TEST_F(StoreBudgetTest, loads_that_were_refused_are_forgiven_by_one_that_was_not) {
  StoreBudget budget(node(), "run");
  const std::vector<engine::BudgetAccount> account = {{"card", {}, "", 0}};
  const auto load = [&](engine::ChargeOutcome outcome) {
    const std::string charge = budget.charge(engine::Charge::content, account, {2, 2});
    budget.settle(charge, outcome, account, outcome == engine::ChargeOutcome::refunded);
  };
  load(engine::ChargeOutcome::refused);
  load(engine::ChargeOutcome::refunded);
  EXPECT_EQ(budget.spent(engine::Charge::content, account[0]).refused, 0);
  load(engine::ChargeOutcome::refused);
  load(engine::ChargeOutcome::refused);
  EXPECT_THROW(load(engine::ChargeOutcome::refunded), Error);
}

TEST_F(StoreBudgetTest, no_schedule_of_runs_and_crashes_brings_a_card_to_its_limit) {
  const char* text = ::getenv("CW_TEST_SCHEDULES");
  const int schedules = text != nullptr ? std::atoi(text) : 100;
  const std::array nodes = {node(), node(), node()};
  for (int seed = 1; seed <= schedules && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    size_t runs = 0;
    engine::BudgetSchedule schedule(static_cast<uint64_t>(seed), [&](const std::string& run) {
      return std::make_shared<StoreBudget>(nodes[runs++ % nodes.size()], run + " of " + std::to_string(seed));
    });
    schedule.play(15);
  }
}

}  // namespace
}  // namespace cw::journal
