// A server that stands still: it lets everybody in and answers nobody, or some of its sessions do. Whoever waits for it
// gives up, and knows afterwards what was written.
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "own_server.h"
#include "stores.h"
#include "swallowing_line.h"

namespace cw::store {
namespace {

using std::chrono::milliseconds;

class ServerThatStandsStill : public OnStore {
 protected:
  void SetUp() override {
    OnStore::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    server_ = std::make_unique<OwnServer>(folder());
    ASSERT_EQ(server_->trouble(), "");
  }
  void TearDown() override {
    server_.reset();
    OnStore::TearDown();
  }

  std::shared_ptr<Store> open_impatient(const std::string& node, milliseconds patience, milliseconds lease,
                                        const std::string& url = {}) const {
    StoreOptions out = options(node);
    out.where = url.empty() ? server_->url() : url;
    out.patience = patience;
    out.lease = lease;
    out.margin = lease / 3;
    return Store::open(out);
  }
  /// Tries until the store is asked again, and for 5 s at most: what it said last.
  template <typename F>
  static std::string soon(F&& work) {
    std::string said;
    for (int i = 0; i < 50; ++i) {
      said = refusal(work);
      if (said.empty()) break;
      std::this_thread::sleep_for(milliseconds(100));
    }
    return said;
  }
  void does(const std::string& command) const { ASSERT_TRUE(server_->does(command)) << command; }

  std::unique_ptr<OwnServer> server_;
};

TEST_P(ServerThatStandsStill, ends_what_waits_for_it_and_a_frame_is_there_once_when_it_goes_on) {
  const auto store = open_impatient("here", milliseconds(2'000), milliseconds(15'000));
  Lease lease = begin(*store);
  store->runs().append(lease, to_bytes("before"));
  does("freeze_postgres");
  const std::string said = refusal([&] { store->runs().append(lease, to_bytes("meanwhile")); });
  EXPECT_EQ(said.find("store: cannot use the store postgres://"), 0u) << said;
  EXPECT_EQ(lease.next, 2);
  // Those who come after that do not wait as long again; nobody was told that anything is written.
  EXPECT_EQ(cause_of([&] { store->runs().list({}); }), "gone");
  EXPECT_EQ(cause_of([&] { open_impatient("there", milliseconds(2'000), milliseconds(15'000)); }), "gone");
  does("thaw_postgres");
  // What was sent while it stood still it does now, or not at all: the same once more is no second one.
  EXPECT_EQ(soon([&] { store->runs().append(lease, to_bytes("meanwhile")); }), "");
  store->runs().append(lease, to_bytes("after"));
  const std::vector<Bytes> wanted = {to_bytes("first"), to_bytes("before"), to_bytes("meanwhile"), to_bytes("after")};
  EXPECT_EQ(store->runs().frames(lease.run()), wanted);
}

TEST_P(ServerThatStandsStill, in_one_session_is_asked_again_in_another_if_nothing_can_be_written_yet) {
  const auto store = open_impatient("here", milliseconds(2'000), milliseconds(15'000));
  Lease lease = begin(*store);
  does("freeze_postgres sessions");
  store->audit().add({"ada", "looked", "x", {}});
  does("freeze_postgres sessions");
  // What may be written is not asked for twice, nor by those who come right after it.
  EXPECT_EQ(cause_of([&] { store->runs().append(lease, to_bytes("second")); }), "gone");
  EXPECT_EQ(cause_of([&] { store->runs().list({}); }), "gone");
  EXPECT_EQ(soon([&] { store->runs().append(lease, to_bytes("second")); }), "");
  EXPECT_EQ(refusal([&] { lease.check(); }), "");
  does("thaw_postgres");
  store->runs().append(lease, to_bytes("third"));
  const std::vector<Bytes> wanted = {to_bytes("first"), to_bytes("second"), to_bytes("third")};
  EXPECT_EQ(store->runs().frames(lease.run()), wanted);
  EXPECT_EQ(store->audit().verify({}).records, 1);
  EXPECT_FALSE(store->audit().verify({}).broken);
}

TEST_P(ServerThatStandsStill, at_each_COMMIT_is_given_up_after_one_of_them_and_who_comes_then_is_told_at_once) {
  SwallowingLine line(server_->url(), folder());
  const auto store = open_impatient("here", milliseconds(2'000), milliseconds(15'000), line.url());
  const Account account{"card", "", 1};
  const auto charge = [&] { store->budgets().charge("a", Charge::authentication, {account}, {}, "run"); };
  line.swallow(true);
  EXPECT_EQ(cause_of(charge), "unknown");
  const std::string said = refusal([&] { store->audit().add({"ada", "looked", "x", {}}); });
  EXPECT_NE(said.find("the server has given no answer for 2 s"), std::string::npos) << said;
  EXPECT_EQ(line.swallowed(), 1);
  line.swallow(false);
  EXPECT_EQ(soon(charge), "");
  EXPECT_EQ(store->budgets().spent(Charge::authentication, account).lost, 1);
}

TEST_P(ServerThatStandsStill, writes_nothing_late_for_a_holder_whose_run_another_took_meanwhile) {
  const auto here = open_impatient("here", milliseconds(60'000), milliseconds(600));
  Lease lease = begin(*here);
  does("freeze_postgres sessions");
  std::string said;
  std::thread waits([&] { said = refusal([&] { here->runs().append(lease, to_bytes("late")); }); });
  const auto there = open_impatient("there", milliseconds(60'000), milliseconds(900));
  Lease taken = there->runs().take(lease.run(), always);
  EXPECT_NE(refusal([&] { lease.check(); }).find("its lease was not renewed"), std::string::npos);
  there->runs().append(taken, to_bytes("in time"));
  does("thaw_postgres");
  waits.join();
  EXPECT_NE(said.find("a process on there has taken it over"), std::string::npos) << said;
  const std::vector<Bytes> wanted = {to_bytes("first"), to_bytes("in time")};
  EXPECT_EQ(there->runs().frames(lease.run()), wanted);
}

/// Stories that do the server no harm.
class SessionsThatWait : public OnStore {
 protected:
  std::unique_ptr<Database> connect(milliseconds patience) const {
    return open_database(where(), false, false, patience);
  }
};

TEST_P(SessionsThatWait, for_a_node_that_stands_still_in_a_transaction_get_its_locks) {
  // A node that stands still in the middle of a transaction: the server ends that, and its locks with it.
  const auto still = connect(milliseconds(3'000));
  const auto other = connect(milliseconds(6'000));
  std::atomic<bool> got = false;
  int times = 0;
  still->transact([&] {
    still->lock("a name");
    if (++times > 1) return;
    std::thread wants([&] {
      other->transact([&] { other->lock("a name"); });
      got = true;
    });
    wants.join();                                    // only now does this node go on
    std::this_thread::sleep_for(milliseconds(300));  // the server has told it by then
  });
  EXPECT_TRUE(got);
  EXPECT_EQ(times, 2);
}

TEST_P(SessionsThatWait, say_what_takes_too_long) {
  const auto database = connect(milliseconds(1'200));
  const auto other = connect(milliseconds(30'000));
  const std::string slow = refusal([&] { database->run({"SELECT COUNT(*) FROM pg_sleep(60)", {}}); });
  EXPECT_NE(slow.find("the server did not get it done in 1 s; look into pg_stat_activity"), std::string::npos) << slow;
  other->transact([&] {
    other->lock("a name");
    const std::string locked = refusal([&] { database->transact([&] { database->lock("a name"); }); });
    EXPECT_NE(locked.find("another session has it locked for 0.4 s"), std::string::npos) << locked;
  });
  EXPECT_EQ(refusal([&] { database->transact([&] { database->lock("a name"); }); }), "");
}

INSTANTIATE_TEST_SUITE_P(On, ServerThatStandsStill, ::testing::Values(Engine::postgres), engine_name);
INSTANTIATE_TEST_SUITE_P(On, SessionsThatWait, ::testing::Values(Engine::postgres), engine_name);

}  // namespace
}  // namespace cw::store
