// Keys that runs need: written with the frame that says so, and gone when the run is over.
#include <gtest/gtest.h>

#include "store/retention.h"
#include "stores.h"

namespace cw::store {
namespace {

class KeysOfRuns : public OnStore {
 protected:
  static RunChange needs(const std::string& set, int64_t version) {
    RunChange change;
    change.keys = {{set, version}};
    return change;
  }
  static RunChange ends(RunState state) {
    RunChange change;
    change.state = state;
    return change;
  }
};

TEST_P(KeysOfRuns, are_named_with_the_frame_and_no_more_when_the_run_is_over) {
  const auto store = open();
  for (const RunState end : {RunState::done, RunState::failed, RunState::stopped}) {
    Lease lease = begin(*store);
    EXPECT_TRUE(store->runs().keys_of(lease.run()).empty());
    store->runs().append(lease, to_bytes("next open"), needs("isd", 0));
    store->runs().append(lease, to_bytes("next open"), needs("isd", 0));
    store->runs().append(lease, to_bytes("opened"), needs("isd", 0x30));
    const std::vector<NamedKeys> named = {{"isd", 0}, {"isd", 0x30}};
    EXPECT_EQ(store->runs().keys_of(lease.run()), named);
    ASSERT_EQ(store->runs().holders_of("isd").size(), 2U);
    EXPECT_EQ(store->runs().holders_of("isd")[0].run, lease.run());
    EXPECT_TRUE(store->runs().holders_of("demo.sd").empty());
    store->runs().append(lease, to_bytes("stuck"), ends(RunState::stuck));
    EXPECT_EQ(store->runs().holders_of("isd").size(), 2U);
    store->runs().append(lease, to_bytes("end"), ends(end));
    EXPECT_TRUE(store->runs().holders_of("isd").empty());
  }
}

TEST_P(KeysOfRuns, are_not_named_by_one_who_does_not_hold_the_run_any_more) {
  const auto here = open_brief("here", 300, 100);
  const auto there = open_brief("there", 300, 100);
  Lease lease = begin(*here);
  here->runs().release(lease);
  Lease taken = there->runs().take(lease.run(), always);
  EXPECT_EQ(cause_of([&] { here->runs().append(lease, to_bytes("late"), needs("isd", 0)); }), "fenced");
  EXPECT_TRUE(there->runs().keys_of(lease.run()).empty());
  there->runs().append(taken, to_bytes("next"), needs("demo.sd", 1));
  EXPECT_EQ(cause_of([&] { here->runs().append(lease, to_bytes("late"), ends(RunState::done)); }), "fenced");
  EXPECT_EQ(there->runs().keys_of(lease.run()).size(), 1U);
}

TEST_P(KeysOfRuns, go_with_a_run_that_is_forgotten) {
  const auto store = open();
  Lease lease = begin(*store);
  store->runs().append(lease, to_bytes("next"), needs("isd", 0));
  EXPECT_EQ(forget(*store, INT64_MAX, "ada@desk", "0d").what.runs, 0);
  EXPECT_EQ(store->runs().keys_of(lease.run()).size(), 1U);
  store->runs().append(lease, to_bytes("end"), ends(RunState::done));
  EXPECT_EQ(forget(*store, INT64_MAX, "ada@desk", "0d").what.runs, 1);
}

INSTANTIATE_TEST_SUITE_P(On, KeysOfRuns, both_engines(), engine_name);

}  // namespace
}  // namespace cw::store
