// Fisher's exact test, against values that others published or computed with exact fractions.
#include "base/fisher.h"

#include <vector>

#include <gtest/gtest.h>

namespace cw {
namespace {

TEST(Fisher, gives_what_R_documents_for_its_own_examples) {
  // help(fisher.test): the lady tasting tea, alternative = "greater"; convictions of twins, alternative = "less".
  EXPECT_NEAR(fisher_worse({1, 3}, {3, 1}), 0.2429, 5e-5);
  EXPECT_NEAR(fisher_worse({3, 10}, {15, 2}), 0.0004652, 5e-8);
}

TEST(Fisher, gives_what_exact_fractions_come_to) {
  struct Case {
    Outcomes group{}, others{};
    double p = 0;
  };
  // sum of C(K, x) C(N - K, n - x) / C(N, n) with Python's fractions.
  const std::vector<Case> cases = {
      {{2, 8}, {5, 1}, 0.024475524475524476},      {{0, 1}, {1, 0}, 0.5},
      {{15, 2}, {3, 10}, 0.9999845190186861},      {{46, 4}, {940, 10}, 0.0038252578448854553},
      {{45, 5}, {947, 3}, 1.2816258828520009e-05}, {{40, 10}, {940, 10}, 4.950646418960057e-09},
      {{0, 50}, {900, 0}, 1.4685678188012784e-84}, {{49960, 40}, {949500, 500}, 0.009533636911380991},
  };
  for (const Case& each : cases) {
    EXPECT_NEAR(fisher_worse(each.group, each.others) / each.p, 1, 1e-6) << each.p;
  }
}

TEST(Fisher, is_sure_of_nothing_where_nothing_speaks_against_the_group) {
  EXPECT_EQ(fisher_worse({50, 0}, {950, 0}), 1);
  EXPECT_EQ(fisher_worse({100, 0}, {0, 900}), 1);
  EXPECT_EQ(fisher_worse({49, 1}, {0, 1000}), 1);
  EXPECT_EQ(fisher_worse({0, 0}, {950, 10}), 1);
  EXPECT_EQ(fisher_worse({0, 50}, {0, 0}), 1) << "there are no others";
  EXPECT_EQ(fisher_worse({1'000'000, 0}, {0, 1'000'000}), 1) << "a tail too small to write is not taken for zero";
}

TEST(Fisher, is_sure_where_the_difference_is_large) { EXPECT_LT(fisher_worse({49'000, 1000}, {949'500, 500}), 1e-300); }

}  // namespace
}  // namespace cw
