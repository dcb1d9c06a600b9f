// Runs and journals that somebody changed after the audit had spoken of them.
#include <gtest/gtest.h>

#include "store/journal_hash.h"
#include "store/retention.h"
#include "stores.h"

namespace cw::store {
namespace {

class JournalChecks : public OnStore {
 protected:
  void SetUp() override {
    OnStore::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    store_ = open();
  }

  Lease begun() {
    Lease lease = begin_sealed(*store_);
    store_->audit().add({"ada", "run begun", lease.run(), {}});
    return lease;
  }
  /// A run of five frames that is done, as StoreJournal ends one.
  std::string done() {
    Lease lease = begun();
    for (int i = 1; i < 4; ++i) store_->runs().append(lease, next_frame(*store_, lease, "same"));
    const crypto::SealingKey key =
        store_->key().open_key(store_->runs().key(lease.run()), run_key_context(lease.run()));
    const Bytes last = next_frame(*store_, lease, "end");
    JournalHash hash;
    for (const Bytes& frame : store_->runs().frames(lease.run())) hash.add(frame);
    hash.add(last);
    RunChange change;
    change.state = RunState::done;
    change.record = {"ada", "run ended", lease.run(), {{"state", "done"}, {"journal", hash.text(key)}}};
    store_->runs().append(lease, last, change);
    return lease.run();
  }
  void sql(const std::string& text, const std::vector<Value>& values) { store_->database().run({text, values}); }
  std::string broken() {
    std::string all;
    for (const std::string& line : store_->check_journals().broken) all += (all.empty() ? "" : "; ") + line;
    return all;
  }
  /// The run, as it is now, with these frames in these places; the rest is as it was.
  std::string broken_with(const std::string& run, const std::vector<Bytes>& frames) {
    const std::vector<Bytes> before = store_->runs().frames(run);
    put_frames(run, frames);
    const std::string found = broken();
    put_frames(run, before);
    return found;
  }
  void put_frames(const std::string& run, const std::vector<Bytes>& frames) {
    sql("DELETE FROM frames WHERE run = $1", {run});
    for (size_t i = 0; i < frames.size(); ++i) {
      sql("INSERT INTO frames (run, number, fence, content) VALUES ($1, $2, 1, $3)",
          {run, static_cast<int64_t>(i), frames[i]});
    }
    sql("UPDATE runs SET frames = $2 WHERE id = $1", {run, static_cast<int64_t>(frames.size())});
  }

  std::shared_ptr<Store> store_;
};

TEST_P(JournalChecks, AJournalIsWholeOrForgottenByARecord) {
  const std::string first = done(), second = done();
  const Lease goes_on = begun();
  EXPECT_EQ(broken(), "");
  EXPECT_EQ(store_->check_journals().whole, 2);
  forget(*store_, store_->runs().find(second).changed, "ada", "1d");
  forget(*store_, store_->runs().find(second).changed + 1, "ada", "1d");
  EXPECT_EQ(broken(), "");
  EXPECT_EQ(store_->check_journals().whole, 0);
  EXPECT_EQ(store_->check_journals().forgotten, 2);
}

TEST_P(JournalChecks, FramesThatWereDroppedMovedOrExchangedAfterTheEndAreFound) {
  const std::string run = done(), other = done();
  const std::string wanted = "the journal of run " + run + " is not the one that it ended with";
  const std::vector<Bytes> frames = store_->runs().frames(run);
  std::vector<Bytes> changed = frames;
  changed.pop_back();
  EXPECT_NE(broken_with(run, changed).find(wanted), std::string::npos) << "the last one was dropped";
  changed = frames;
  std::swap(changed[1], changed[2]);
  EXPECT_NE(broken_with(run, changed).find(wanted), std::string::npos) << "two were moved";
  changed = frames;
  changed[2] = store_->runs().frames(other)[2];
  EXPECT_NE(broken_with(run, changed).find(wanted), std::string::npos) << "one is of another run";
  // By somebody who has the store's key, and so can seal.
  const crypto::SealingKey key = store_->key().open_key(store_->runs().key(run), run_key_context(run));
  changed = frames;
  changed[3] = key.seal(to_bytes("same"), frame_context(3));
  EXPECT_NE(broken_with(run, changed).find(wanted), std::string::npos) << "one was sealed again";
  changed = frames;
  changed.push_back(key.seal(to_bytes("more"), frame_context(5)));
  EXPECT_NE(broken_with(run, changed).find(wanted), std::string::npos) << "one was added";
  EXPECT_EQ(broken(), "");
  std::string all;
  put_frames(run, changed);
  for (const std::string& line : store_->check().broken) all += line + "\n";
  EXPECT_NE(all.find(wanted), std::string::npos) << "store check says it, too: " << all;
}

TEST_P(JournalChecks, ARunThatIsGoneWithoutARecordIsFound) {
  const std::string ended = done();
  const std::string begun_one = begun().run();
  for (const std::string& run : {ended, begun_one}) {
    sql("DELETE FROM frames WHERE run = $1", {run});
    sql("DELETE FROM runs WHERE id = $1", {run});
  }
  const std::string said = broken();
  EXPECT_NE(said.find("run " + ended + " was ended by record 2 of the audit, and it is not in the store"), said.npos);
  EXPECT_NE(said.find("run " + begun_one + " was begun or taken up by record 3 of the audit"), said.npos) << said;
}

TEST_P(JournalChecks, ARowThatSaysAnotherEndIsFound) {
  const std::string ended = done();
  const std::string goes_on = begun().run();
  sql("UPDATE runs SET state = 'failed' WHERE id = $1", {ended});
  sql("UPDATE runs SET state = 'done' WHERE id = $1", {goes_on});
  const std::string said = broken();
  EXPECT_NE(said.find("run " + ended + " ended as done by record 2 of the audit, and its row says that it is failed"),
            said.npos)
      << said;
  EXPECT_NE(said.find("run " + goes_on + " goes on by record 3 of the audit, and its row says that it is done"),
            said.npos)
      << said;
}

TEST_P(JournalChecks, ARowThatSaysAnotherBeginningIsFound) {
  const auto begin_as_told = [&] {
    RunRow row = a_run("demo/install");
    row.id = new_run_id();
    row.bundle = "b1";
    row.policy = "strict";
    row.policy_hash = "a1";
    const crypto::SealingKey key = crypto::SealingKey::random();
    store_->runs().create(row, store_->key().seal(key, run_key_context(row.id)),
                          key.seal(to_bytes("first"), frame_context(0)));
    store_->audit().add(
        {"ada",
         "run begun",
         row.id,
         {{"flow", "demo/install"}, {"card", "sim"}, {"bundle", "b1"}, {"policy", "strict"}, {"policy_hash", "a1"}}});
    return row.id;
  };
  const std::string run = begin_as_told();
  begin_as_told();
  store_->audit().add({"ada", "run taken up", run, {}});
  EXPECT_EQ(broken(), "");
  for (const std::string name : {"flow", "bundle", "policy", "policy_hash"}) {
    const std::string before =
        text(store_->database().run({"SELECT " + name + " FROM runs WHERE id = $1", {run}}).rows[0][0]);
    sql("UPDATE runs SET " + name + " = 'other' WHERE id = $1", {run});
    EXPECT_EQ(broken(), "run " + run + " was begun with " + name + " " + before +
                            " by record 1 of the audit, and its row says other");
    sql("UPDATE runs SET " + name + " = $2 WHERE id = $1", {run, before});
  }
  EXPECT_EQ(broken(), "");
}

TEST_P(JournalChecks, ARunIsOverTogetherWithItsRecordOrNotAtAll) {
  Lease lease = begun();
  sql("ALTER TABLE audit RENAME TO hidden", {});
  RunChange change;
  change.state = RunState::done;
  change.record = {"ada", "run ended", lease.run(), {{"state", "done"}}};
  EXPECT_NE(refusal([&] { store_->runs().append(lease, next_frame(*store_, lease, "end"), change); }), "");
  sql("ALTER TABLE hidden RENAME TO audit", {});
  EXPECT_EQ(store_->runs().find(lease.run()).state, RunState::running);
  EXPECT_EQ(store_->runs().frames(lease.run()).size(), 1U);
  store_->runs().append(lease, next_frame(*store_, lease, "end"), change);
  EXPECT_EQ(store_->audit().size(), 2);
  EXPECT_EQ(broken(), "");
}

INSTANTIATE_TEST_SUITE_P(On, JournalChecks, both_engines(), engine_name);

}  // namespace
}  // namespace cw::store
