#include <thread>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "processes.h"
#include "store/lease.h"
#include "stores.h"

namespace cw::store {
namespace {

using std::chrono::milliseconds;

class Leases : public OnStore {
 protected:
  int64_t beat(Store& store, const std::string& run) {
    return number(store.database().run({"SELECT beat FROM runs WHERE id = $1", {run}}).rows[0][0]);
  }
  void set_holder(Store& store, const std::string& run, const std::string& holder) {
    store.database().run({"UPDATE runs SET holder = $2 WHERE id = $1", {run, holder}});
  }
};

TEST(Lease, may_not_be_used_once_less_than_its_margin_is_left) {
  Lease lease("run", 1, milliseconds(100'000), milliseconds(30'000));
  EXPECT_EQ(cause_of([&] { lease.check(); }), "fenced") << "it was never written";
  lease.renewed(boot_time() - milliseconds(60'000));
  EXPECT_NO_THROW(lease.check());
  EXPECT_LE(lease.left(), milliseconds(40'000));
  lease.renewed(boot_time() - milliseconds(80'000));
  EXPECT_NO_THROW(lease.check()) << "an older renewal takes nothing away";

  Lease late("run", 1, milliseconds(100'000), milliseconds(30'000));
  late.renewed(boot_time() - milliseconds(70'001));
  const std::string said = refusal([&] { late.check(); });
  EXPECT_NE(said.find("cannot go on with run run here: its lease was not renewed for 70"), std::string::npos) << said;
  const Lease copy = lease;
  lease.ended();
  EXPECT_EQ(cause_of([&] { copy.check(); }), "fenced");
}

TEST_P(Leases, of_a_run_that_nobody_holds_is_taken_at_once) {
  const auto store = open();
  const auto other = open("other");
  Lease lease = begin(*store);
  store->runs().append(lease, to_bytes("second"));
  store->runs().release(lease);
  EXPECT_FALSE(store->runs().find(lease.run()).held);
  Lease taken = other->runs().take(lease.run(), never);
  EXPECT_EQ(taken.next, 2);
  EXPECT_NO_THROW(taken.check());
  other->runs().append(taken, to_bytes("third"));
  EXPECT_EQ(other->runs().frames(lease.run()).size(), 3u);
  EXPECT_EQ(cause_of([&] { store->runs().append(lease, {}); }), "fenced");
}

TEST_P(Leases, are_kept_while_a_card_takes_its_time) {
  const auto store = open_brief("here", 600, 100);
  const auto other = open("other");
  Lease lease = begin(*store);
  const int64_t before = beat(*store, lease.run());
  while (beat(*other, lease.run()) < before + 3) std::this_thread::sleep_for(milliseconds(10));
  EXPECT_EQ(cause_of([&] { other->runs().take(lease.run(), always); }), "held");
  const std::string said = refusal([&] { other->runs().take(lease.run(), never); });
  EXPECT_NE(said.find(" is held by here, process " + std::to_string(::getpid())), std::string::npos) << said;
}

TEST_P(Leases, that_nobody_keeps_any_more_run_out) {
  const auto store = open_brief("here", 200, 50);
  const auto other = open_brief("other", 200, 50);
  const std::string run = begin(*store).run();
  int waited = 0;
  Lease taken = other->runs().take(run, [&](milliseconds left) {
    EXPECT_LE(left, milliseconds(250)) << "its length, and the margin";
    ++waited;
    return true;
  });
  EXPECT_GT(waited, 0);
  EXPECT_EQ(taken.fence(), 2);
}

TEST_P(Leases, are_taken_by_one_of_those_who_wait) {
  const auto store = open_brief("here", 200, 50);
  const std::string run = begin(*store).run();
  std::vector<std::shared_ptr<Store>> nodes;
  for (int i = 0; i < 3; ++i) nodes.push_back(open_brief("node " + std::to_string(i), 200, 50));
  std::atomic<int> taken{0}, held{0};
  std::vector<std::thread> threads;
  for (const auto& node : nodes) {
    threads.emplace_back([&, node] {
      try {
        const Lease lease = node->runs().take(run, always);
        ++taken;
        while (held < 2) std::this_thread::sleep_for(milliseconds(5));  // keeps it
      } catch (const Error& error) {
        EXPECT_EQ(error.cause(), "held") << error.message();
        ++held;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, 1);
  EXPECT_EQ(held, 2);
}

TEST_P(Leases, of_a_machine_that_was_started_again_are_taken_at_once) {
  const auto store = open("here");
  Lease lease = begin(*store);
  set_holder(*store, lease.run(), "1 77 another-boot-id pid:[1] T here");
  EXPECT_EQ(open("here")->runs().take(lease.run(), never).fence(), 2);
  set_holder(*store, lease.run(), "1 77 another-boot-id pid:[1] T the other");
  EXPECT_NE(refusal([&] { store->runs().take(lease.run(), never); }).find("held by the other, process 1"),
            std::string::npos);
}

TEST_P(Leases, of_a_run_that_is_over_or_not_there_are_not_to_be_had) {
  const auto store = open();
  Lease lease = begin(*store);
  RunChange change;
  change.state = RunState::failed;
  store->runs().append(lease, {}, change);
  store->runs().release(lease);
  const std::string said = refusal([&] { store->runs().take(lease.run(), never); });
  EXPECT_EQ(said.find("usage: run " + lease.run() + " is over (failed)"), 0u) << said;
  EXPECT_EQ(refusal([&] { store->runs().take("0", never); }).substr(0, 24), "usage: there is no run 0");
}

/// Begins a run, tells its id, and goes on when it is told to.
int hold_a_run(const Pipes& pipes, const StoreOptions& options) {
  const auto store = Store::open(options);
  Lease lease = store->runs().create({}, to_bytes("key"), to_bytes("first"));
  pipes.tell_parent(lease.run());
  pipes.hear_parent();
  std::string said;
  try {
    lease.check();
    said += "may send, ";
  } catch (const Error& error) {
    said += error.cause() + ", ";
  }
  try {
    store->runs().append(lease, to_bytes("late"));
    said += "wrote";
  } catch (const Error& error) {
    said += error.cause();
  }
  pipes.tell_parent(said);
  return 0;
}

TEST_P(Leases, of_a_process_that_was_killed_are_taken_at_once) {
  for (const bool is_reaped : {false, true}) {
    StoreOptions brief = options("here");
    Child child([&](const Pipes& pipes) { return hold_a_run(pipes, brief); });
    const std::string run = child.hear();
    child.signal(SIGKILL);
    if (is_reaped) {
      child.wait();
    } else {
      child.wait_until_dead();
    }
    const auto store = open("another name, the same machine");
    Lease lease = store->runs().take(run, never);
    EXPECT_EQ(lease.next, 1);
    store->runs().append(lease, to_bytes("second"));
    EXPECT_EQ(store->runs().frames(run), (std::vector<Bytes>{to_bytes("first"), to_bytes("second")}));
  }
}

TEST_P(Leases, of_a_process_that_stands_still_are_taken_after_a_while_and_it_can_write_nothing_then) {
  StoreOptions brief = options("here");
  brief.lease = milliseconds(1000);
  brief.margin = milliseconds(200);
  Child child([&](const Pipes& pipes) { return hold_a_run(pipes, brief); });
  const std::string run = child.hear();
  child.signal(
      SIGSTOP);  // before it renews: a process that is stopped in the middle of that keeps SQLite's file locked
  child.wait_until_stopped();
  brief.node = "other";
  const auto store = Store::open(brief);
  int waited = 0;
  Lease lease = store->runs().take(run, [&](milliseconds) { return ++waited > 0; });
  EXPECT_GT(waited, 0);
  store->runs().append(lease, to_bytes("mine"));
  child.tell("go on");
  child.signal(SIGCONT);
  EXPECT_EQ(child.hear(), "fenced, fenced");
  EXPECT_EQ(child.wait(), 0);
  store->runs().append(lease, to_bytes("still mine"));
  EXPECT_EQ(store->runs().frames(run),
            (std::vector<Bytes>{to_bytes("first"), to_bytes("mine"), to_bytes("still mine")}));
}

INSTANTIATE_TEST_SUITE_P(On, Leases, both_engines(), engine_name);

}  // namespace
}  // namespace cw::store
