#include "budget_schedule.h"

#include <stdlib.h>

namespace cw::engine {
namespace {

/// CW_TEST_SCHEDULES says how many; their seeds are 1, 2...
int schedules() {
  const char* text = ::getenv("CW_TEST_SCHEDULES");
  return text != nullptr ? std::atoi(text) : 2000;
}

TEST(BudgetSchedules, no_schedule_of_runs_and_crashes_brings_a_card_to_its_limit) {
  int opened = 0, refused = 0, over = 0;
  for (int seed = 1; seed <= schedules() && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto ledger = std::make_shared<LocalLedger>(/*shared=*/true);
    BudgetSchedule schedule(static_cast<uint64_t>(seed), [&](const std::string& run) {
      if (run != "nested") ledger->lose();  // no other is under way
      return ledger;
    });
    schedule.play(25);
    opened += schedule.opened();
    refused += schedule.refused();
    over += schedule.over();
  }
  EXPECT_GT(opened, schedules()) << "they are not all spent on refusals";
  EXPECT_GT(refused, schedules() / 2);
  EXPECT_GT(over, schedules()) << "and come to the limits";
}

}  // namespace
}  // namespace cw::engine
