#include "store/runs.h"

#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "crypto/digest.h"
#include "engines.h"
#include "store/retention.h"
#include "store/run_counts.h"
#include "stores.h"

namespace cw::store {
namespace {

class RunsInAStore : public OnStore {};

TEST_P(RunsInAStore, give_back_their_frames_their_key_and_what_can_be_seen_of_them) {
  const auto store = open();
  RunRow row = a_run("demo/install");
  row.flavor = "jcop";
  row.files = {std::string(64, 'a')};
  Lease lease = store->runs().create(row, key_of_run(), to_bytes("frame 0"));
  EXPECT_EQ(lease.next, 1);
  store->runs().append(lease, to_bytes("frame 1"));
  RunChange change;
  change.state = RunState::waiting;
  change.card_id = "47906DF2";
  change.attempts = 2;
  change.wake = 12345;
  store->runs().append(lease, Bytes(100'000, 1), change);
  EXPECT_EQ(lease.next, 3);
  EXPECT_NO_THROW(lease.check());

  const auto other = open("other");
  const RunRow found = other->runs().find(lease.run());
  EXPECT_EQ(found.id, lease.run());
  EXPECT_EQ(found.id.size(), 20u);
  EXPECT_EQ(found.flow, "demo/install");
  EXPECT_EQ(found.flavor, "jcop");
  EXPECT_EQ(found.state, RunState::waiting);
  EXPECT_EQ(found.card_id, "47906DF2");
  EXPECT_EQ(found.attempts, 2);
  EXPECT_EQ(found.wake, 12345);
  EXPECT_EQ(found.frames, 3);
  EXPECT_EQ(found.node, "here");
  EXPECT_EQ(found.files, std::vector<std::string>{std::string(64, 'A')});
  EXPECT_TRUE(found.held);
  EXPECT_GT(found.created, 1'600'000'000'000);
  EXPECT_GE(found.changed, found.created);
  EXPECT_EQ(other->runs().frames(lease.run()),
            (std::vector<Bytes>{to_bytes("frame 0"), to_bytes("frame 1"), Bytes(100'000, 1)}));
  EXPECT_EQ(other->runs().key(lease.run()), key_of_run());
}

TEST_P(RunsInAStore, are_found_by_the_beginning_of_an_id_and_what_is_near_is_named) {
  const auto store = open();
  const std::string first = begin(*store).run();
  const std::string second = begin(*store).run();
  EXPECT_EQ(store->runs().state_of(first), RunState::running);
  EXPECT_FALSE(store->runs().state_of(first.substr(0, 19))) << "all of it";
  size_t common = 0;
  while (first[common] == second[common]) ++common;
  EXPECT_EQ(store->runs().find(first.substr(0, common + 1)).id, first);
  const std::string several = refusal([&] { store->runs().find(first.substr(0, common)); });
  EXPECT_NE(several.find("usage: the ids of several runs begin with"), std::string::npos) << several;
  EXPECT_NE(several.find(std::max(first, second) + ", " + std::min(first, second)), std::string::npos) << several;
  std::string typo = first;
  std::swap(typo[18], typo[19]);
  typo[19] = typo[19] == 'a' ? 'b' : 'a';
  EXPECT_NE(refusal([&] { store->runs().find(typo); }).find("did you mean '" + first + "'"), std::string::npos);
  for (const char* bad : {"", "UPPER", "x'", "%", "\xFF"}) {
    EXPECT_EQ(refusal([&] { store->runs().find(bad); }).substr(0, 6), "usage:") << bad;
  }
}

TEST_P(RunsInAStore, are_listed_by_state_flow_and_card_the_newest_first) {
  const auto store = open();
  std::vector<std::string> ids;
  for (const char* flow : {"acme/load", "acme/lock", "demo/install"}) {
    Lease lease = store->runs().create(a_run(flow), key_of_run(), {});
    RunChange change;
    change.state = std::string_view(flow) == "acme/lock" ? RunState::done : RunState::running;
    change.card_id = std::string(flow) + " card";
    store->runs().append(lease, {}, change);
    ids.push_back(lease.run());
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // ids of one millisecond have no order
  }
  const auto listed = [&](const RunFilter& filter) {
    std::vector<std::string> out;
    for (const RunRow& row : store->runs().list(filter)) out.push_back(row.id);
    return out;
  };
  using Ids = std::vector<std::string>;
  EXPECT_EQ(listed({}), (Ids{ids[2], ids[1], ids[0]}));
  RunFilter filter;
  filter.limit = 2;
  EXPECT_EQ(listed(filter), (Ids{ids[2], ids[1]}));
  filter.flow = "acme/*";
  filter.limit = 1;
  EXPECT_EQ(listed(filter), (Ids{ids[1]}));
  filter.state = RunState::running;
  EXPECT_EQ(listed(filter), (Ids{ids[0]}));
  RunFilter card;
  card.card_id = "demo/install card";
  EXPECT_EQ(listed(card), (Ids{ids[2]}));
}

TEST_P(RunsInAStore, are_counted_by_state_those_with_none_too) {
  const auto store = open();
  begin(*store);
  Lease lease = begin(*store);
  RunChange change;
  change.state = RunState::done;
  store->runs().append(lease, to_bytes("the end"), change);
  using Count = std::pair<RunState, int64_t>;
  EXPECT_EQ(run_counts(store->database()), (std::vector<Count>{{RunState::running, 1},
                                                               {RunState::waiting, 0},
                                                               {RunState::stuck, 0},
                                                               {RunState::done, 1},
                                                               {RunState::failed, 0},
                                                               {RunState::stopped, 0}}));
}

TEST_P(RunsInAStore, of_many_threads_share_their_commits_and_lose_nothing) {
  const auto store = open();
  constexpr int kThreads = 64, kFrames = 20;
  std::vector<Lease> leases;
  for (int t = 0; t < kThreads; ++t) leases.push_back(begin(*store));
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kFrames; ++i) {
        store->runs().append(leases[t], to_bytes(std::to_string(t) + " " + std::to_string(i)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int t = 0; t < kThreads; ++t) {
    const std::vector<Bytes> frames = store->runs().frames(leases[t].run());
    ASSERT_EQ(frames.size(), kFrames + 1u);
    for (int i = 0; i < kFrames; ++i) {
      EXPECT_EQ(frames[i + 1], to_bytes(std::to_string(t) + " " + std::to_string(i)));
    }
  }
  EXPECT_LT(store->runs().commits(), kThreads * kFrames / 2);
}

TEST_P(RunsInAStore, whose_frame_is_refused_do_not_spoil_those_of_others) {
  const auto store = open();
  const auto other = open("other");
  Lease fenced = begin(*store);
  const std::string id = fenced.run();
  store->runs().release(fenced);
  Lease stale = store->runs().take(id, never);
  // Taken over elsewhere while this one sleeps.
  Lease copy = stale;
  store->runs().release(copy);
  Lease taken = other->runs().take(id, never);
  EXPECT_GT(taken.fence(), stale.fence());

  std::vector<Lease> good;
  for (int i = 0; i < 8; ++i) good.push_back(begin(*store));
  std::vector<std::thread> threads;
  std::string said;
  threads.emplace_back([&] { said = refusal([&] { store->runs().append(stale, to_bytes("late")); }); });
  for (Lease& lease : good) threads.emplace_back([&] { store->runs().append(lease, to_bytes("good")); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_NE(said.find("a process on other has taken it over; nothing more is sent from here"), std::string::npos)
      << said;
  EXPECT_EQ(cause_of([&] { store->runs().append(stale, {}); }), "fenced");
  EXPECT_EQ(cause_of([&] { stale.check(); }), "fenced");
  for (const Lease& lease : good) EXPECT_EQ(store->runs().frames(lease.run()).size(), 2u);
  EXPECT_EQ(store->runs().frames(id).size(), 1u);
  other->runs().append(taken, to_bytes("mine"));
  EXPECT_EQ(store->runs().frames(id).back(), to_bytes("mine"));
}

TEST_P(RunsInAStore, learn_with_their_next_frame_that_an_operator_wants_them_to_end) {
  const auto store = open();
  Lease lease = begin(*store);
  store->runs().append(lease, {});
  EXPECT_FALSE(lease.stop_asked);
  open("desk")->runs().ask_to_stop(lease.run());
  store->runs().append(lease, {});
  EXPECT_TRUE(lease.stop_asked);
  EXPECT_TRUE(store->runs().find(lease.run()).stop_asked);
  EXPECT_EQ(refusal([&] { store->runs().ask_to_stop("nope"); }).substr(0, 27), "usage: there is no run nope");
}

TEST_P(RunsInAStore, are_forgotten_when_they_are_over_and_old_enough) {
  const auto store = open();
  const auto sha = [](const char* content) { return to_hex(crypto::digest(crypto::Hash::sha256, view(content))); };
  for (const char* content : {"shared", "old"}) store->put_file(sha(content), view(content));
  RunRow row = a_run("demo/install");
  row.files = {sha("shared"), sha("old")};
  Lease over = store->runs().create(row, key_of_run(), to_bytes("gone"));
  RunChange end;
  end.state = RunState::done;
  store->runs().append(over, {}, end);
  store->runs().release(over);
  row.files = {sha("shared")};
  Lease goes_on = store->runs().create(row, key_of_run(), {});
  EXPECT_EQ(forget(*store, store->runs().find(over.run()).changed, "ada", "1d").what.runs, 0);
  // As if a week had gone by.
  store->database().run({"UPDATE files SET used = 1", {}});
  EXPECT_EQ(forget(*store, store->runs().find(over.run()).changed + 1, "ada", "1d").what.runs, 1);
  EXPECT_EQ(refusal([&] { store->runs().find(over.run()); }).substr(0, 6), "usage:");
  EXPECT_EQ(store->runs().find(goes_on.run()).files, row.files);
  EXPECT_TRUE(store->file(sha("shared")));
  EXPECT_FALSE(store->file(sha("old")));
}

TEST_P(RunsInAStore, find_a_file_that_was_to_be_kept_for_them) {
  const auto store = open();
  const std::string old = to_hex(crypto::digest(crypto::Hash::sha256, view("old")));
  EXPECT_FALSE(store->keep_file(old));
  store->put_file(old, view("old"));
  store->database().run({"UPDATE files SET used = 1", {}});
  EXPECT_TRUE(store->keep_file(old));
  forget(*store, 1, "ada", "1d");
  EXPECT_TRUE(store->file(old)) << "a run that names it is about to be made";
  store->database().run({"UPDATE files SET used = 1", {}});
  forget(*store, 1, "ada", "1d");
  EXPECT_FALSE(store->file(old));
}

TEST_P(RunsInAStore, that_wait_in_the_outbox_are_not_forgotten) {
  const auto store = open();
  Lease lease = begin(*store);
  RunChange end;
  end.state = RunState::failed;
  store->runs().append(lease, {}, end);
  Parcel parcel;
  parcel.key = "k";
  parcel.run = lease.run();
  store->outbox().put(parcel);
  EXPECT_EQ(forget(*store, std::numeric_limits<int64_t>::max(), "ada", "1d").what.runs, 0);
  store->outbox().delivered("k");
  EXPECT_EQ(forget(*store, std::numeric_limits<int64_t>::max(), "ada", "1d").what.runs, 1);
}

TEST_P(RunsInAStore, from_elsewhere_are_put_in_once_and_are_over) {
  const auto store = open();
  RunRow row = a_run("demo/install");
  row.id = "01hqz000000000000000";
  row.node = "factory";
  row.state = RunState::running;
  store->runs().put(row, key_of_run(), {to_bytes("0"), to_bytes("1")});
  const RunRow found = store->runs().find(row.id);
  EXPECT_EQ(found.state, RunState::stopped);
  EXPECT_EQ(found.node, "factory");
  EXPECT_FALSE(found.held);
  EXPECT_EQ(store->runs().frames(row.id).size(), 2u);
  EXPECT_NE(refusal([&] { store->runs().put(row, to_bytes("k2"), {}); }).find("is in the store"), std::string::npos);
  row.id = "short";
  EXPECT_NE(refusal([&] { store->runs().put(row, key_of_run(), {}); }).find("is no id of a run"), std::string::npos);
}

TEST(RunIds, are_twenty_characters_that_sort_by_time_and_are_never_the_same) {
  std::set<std::string> ids;
  std::string last;
  for (int i = 0; i < 20; ++i) {
    for (int k = 0; k < 50; ++k) ids.insert(new_run_id());
    const std::string id = new_run_id();
    EXPECT_EQ(id.size(), 20u);
    EXPECT_EQ(id.find_first_not_of("0123456789abcdefghjkmnpqrstvwxyz"), std::string::npos);
    EXPECT_LT(last.substr(0, 10), id.substr(0, 10));
    last = id;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  EXPECT_EQ(ids.size(), 1000u);
}

INSTANTIATE_TEST_SUITE_P(On, RunsInAStore, both_engines(), engine_name);

}  // namespace
}  // namespace cw::store
