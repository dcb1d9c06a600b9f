// No more runs than a policy lets begin, counted for all nodes.
#include <atomic>
#include <thread>

#include "stores.h"

namespace cw::store {
namespace {

constexpr int64_t kHour = 3'600'000;

class QuotaStories : public OnStore {
 protected:
  static Lease begin_as(Store& store, const std::string& flow, const Quota& quota) {
    RunRow row = a_run(flow);
    row.policy = "strict";
    return store.runs().create(row, key_of_run(), to_bytes("first"), PolicyIs::any, {}, {quota});
  }
};

TEST_P(QuotaStories, so_many_begin_in_an_hour_and_who_is_refused_is_told_when_there_is_room) {
  const auto store = open();
  const Quota quota{{"acme/*"}, 2, kHour, "limits.quotas[1] allows 2 runs of acme/* per hour"};
  begin_as(*store, "acme/install", quota);
  begin_as(*store, "other/install", quota);
  const Lease second = begin_as(*store, "acme/remove", quota);
  const std::string said = refusal([&] { begin_as(*store, "acme/install", quota); });
  EXPECT_NE(
      said.find("flow acme/install may not begin under policy strict: limits.quotas[1] allows 2 runs of acme/* per "
                "hour, and 2 began; from 20"),
      std::string::npos)
      << said;
  EXPECT_NE(said.find("Z on the next may begin"), std::string::npos) << said;
  EXPECT_EQ(cause_of([&] { begin_as(*store, "acme/install", quota); }), "quota");
  EXPECT_NO_THROW(begin_as(*store, "other/install", quota)) << "it is not counted there";
  EXPECT_EQ(store->runs().list({}).size(), 4U) << "what was refused left nothing behind";
  store->database().run({"UPDATE runs SET created = created - $1 WHERE id = $2", {kHour, second.run()}});
  EXPECT_NO_THROW(begin_as(*store, "acme/install", quota));
}

TEST_P(QuotaStories, so_many_are_under_way_at_once) {
  const auto store = open();
  const Quota quota{{"*"}, 1, 0, "limits.quotas[1] allows 1 runs of * at once"};
  Lease first = begin_as(*store, "acme/install", quota);
  EXPECT_NE(refusal([&] { begin_as(*store, "acme/install", quota); }).find("1 are under way; when one of them is over"),
            std::string::npos);
  RunChange change;
  change.state = RunState::done;
  store->runs().append(first, to_bytes("last"), change);
  EXPECT_NO_THROW(begin_as(*store, "acme/install", quota));
}

TEST_P(QuotaStories, nodes_do_not_take_the_same_place) {
  const Quota quota{{"acme/*"}, 5, kHour, "limits.quotas[1] allows 5 runs of acme/* per hour"};
  open();
  std::atomic<int> begun{0}, refused{0};
  std::vector<std::thread> nodes;
  for (int node = 0; node < 4; ++node) {
    nodes.emplace_back([&, node] {
      const auto own = open("node " + std::to_string(node));
      for (int i = 0; i < 5; ++i) {
        const std::string cause = cause_of([&] { begin_as(*own, "acme/install", quota); });
        begun += cause == "none";
        refused += cause == "quota";
      }
    });
  }
  for (std::thread& node : nodes) node.join();
  EXPECT_EQ(begun, 5);
  EXPECT_EQ(refused, 15);
}

INSTANTIATE_TEST_SUITE_P(On, QuotaStories, both_engines(), engine_name);

}  // namespace
}  // namespace cw::store
