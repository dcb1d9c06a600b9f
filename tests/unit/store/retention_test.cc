#include "store/retention.h"

#include <algorithm>
#include <limits>

#include <gtest/gtest.h>

#include "stores.h"

namespace cw::store {
namespace {

constexpr int64_t kEver = std::numeric_limits<int64_t>::max();

class Retention : public OnStore {
 protected:
  void SetUp() override {
    OnStore::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    store_ = open();
  }

  void end(Lease& lease) {
    RunChange change;
    change.state = RunState::done;
    store_->runs().append(lease, next_frame(*store_, lease, "end"), change);
  }
  void deliver(const std::string& key, const std::string& run) {
    Parcel parcel;
    parcel.key = key;
    parcel.run = run;
    store_->outbox().put(parcel);
    store_->outbox().delivered(key);
  }
  /// "action subject name=value ..." of the audit's records from here on.
  std::vector<std::string> said(int64_t from = 1) {
    std::vector<std::string> out;
    for (const AuditRecord& record : store_->audit().list(from, 0)) {
      std::string line = record.entry.actor + ": " + record.entry.action + " " + record.entry.subject;
      for (const auto& [name, value] : record.entry.details) {
        if (name != "older than") line += " " + name + "=" + value;
      }
      out.push_back(line);
    }
    return out;
  }
  int64_t rows(const std::string& table) {
    return number(store_->database().run({"SELECT COUNT(*) FROM " + table, {}}).rows.at(0).at(0));
  }

  std::shared_ptr<Store> store_;
};

TEST_P(Retention, NamesEachRunThatItForgetsInTheAudit) {
  Lease first = begin_sealed(*store_), second = begin_sealed(*store_), goes_on = begin_sealed(*store_);
  end(first);
  end(second);
  EXPECT_EQ(forgettable(*store_, kEver).runs, 2);
  EXPECT_EQ(forgettable(*store_, 1).runs, 0);
  EXPECT_EQ(forget(*store_, kEver, "ada", "1d").what.runs, 2);
  std::vector<std::string> expected = {"ada: run forgotten " + first.run(), "ada: run forgotten " + second.run()};
  std::sort(expected.begin(), expected.end());  // two of one millisecond have no order but their names'
  EXPECT_EQ(said(), expected);
  EXPECT_EQ(rows("runs"), 1);
  EXPECT_EQ(rows("frames"), 1);
  EXPECT_EQ(forget(*store_, kEver, "ada", "1d").what.runs, 0);
  EXPECT_EQ(said(), expected) << "nothing was there to be forgotten";
}

TEST_P(Retention, DeletesNothingThatItCannotWriteIntoTheAudit) {
  Lease lease = begin_sealed(*store_);
  end(lease);
  store_->database().run({"ALTER TABLE audit RENAME TO hidden", {}});
  EXPECT_NE(refusal([&] { forget(*store_, kEver, "ada", "1d"); }), "");
  store_->database().run({"ALTER TABLE hidden RENAME TO audit", {}});
  EXPECT_EQ(store_->runs().frames(lease.run()).size(), 2U);
  EXPECT_EQ(forget(*store_, kEver, "ada", "1d").what.runs, 1);
}

TEST_P(Retention, ForgetsParcelsThatWereDeliveredForRunsThatAreOver) {
  Lease over = begin_sealed(*store_), goes_on = begin_sealed(*store_);
  end(over);
  deliver("over", over.run());
  deliver("goes on", goes_on.run());
  Parcel waits;
  waits.key = "waits";
  waits.run = "another";
  store_->outbox().put(waits);
  EXPECT_EQ(forgettable(*store_, 1).parcels, 0) << "delivered after that";
  EXPECT_EQ(forgettable(*store_, kEver).parcels, 1);
  EXPECT_EQ(forget(*store_, kEver, "ada", "1d").what.parcels, 1);
  std::vector<std::string> left;
  for (const Parcel& parcel : store_->outbox().list(true)) left.push_back(parcel.key);
  std::sort(left.begin(), left.end());
  EXPECT_EQ(left, (std::vector<std::string>{"goes on", "waits"}));
  EXPECT_EQ(said().back(), "ada: ledgers forgotten  parcels=1 charges=0 rotations=0");
}

TEST_P(Retention, ForgetsChargesThatCountNoMoreAndKeepsWhatACardHasSpent) {
  Budgets& budgets = store_->budgets();
  const std::vector<Account> card = {{"CA4D01", "", 0x30}};
  const auto charge = [&](const std::string& id, const std::string& run) {
    budgets.charge(id, Charge::authentication, card, {}, run);
  };
  charge("went well", "a");
  budgets.settle("went well", Outcome::refunded);
  charge("refused", "b");
  budgets.settle("refused", Outcome::refused);
  EXPECT_EQ(forget(*store_, kEver, "ada", "1d").what.charges, 1);
  EXPECT_EQ(budgets.spent(Charge::authentication, card[0]).refused, 1) << "a budget that is spent stays so";
  charge("open", "c");
  budgets.reset("CA4D01", {}, {}, "ada", "wrong keys in the file");
  EXPECT_EQ(forget(*store_, kEver, "ada", "1d").what.charges, 1) << "the refused one; the open one may count again";
  budgets.settle("open", Outcome::lost);
  EXPECT_EQ(budgets.spent(Charge::authentication, card[0]).lost, 1);
  EXPECT_EQ(rows("charges"), 1);
  EXPECT_EQ(rows("charge_accounts"), 1);
  budgets.settle("went well", Outcome::refused);
  EXPECT_EQ(budgets.spent(Charge::authentication, card[0]).refused, 0) << "settling what is gone changes nothing";
}

TEST_P(Retention, ForgetsRotationsThatWereDecidedAndKeepsOpenOnes) {
  Rotation rotation;
  rotation.card = "CA4D01";
  rotation.before = {"isd", 0x30};
  rotation.after = {"isd.new", 0x31};
  rotation.begun = 1000;
  store_->rotations().begin(rotation);
  EXPECT_EQ(forget(*store_, kEver, "ada", "1d").what.rotations, 0);
  EXPECT_TRUE(store_->rotations().names("isd.new"));
  store_->rotations().opened_with("CA4D01", "", rotation.after);
  EXPECT_EQ(forget(*store_, 1000, "ada", "1d").what.rotations, 0) << "it was begun at that moment";
  EXPECT_EQ(forget(*store_, 1001, "ada", "1d").what.rotations, 1);
  EXPECT_TRUE(store_->rotations().list(true).empty());
}

INSTANTIATE_TEST_SUITE_P(On, Retention, both_engines(), engine_name);

}  // namespace
}  // namespace cw::store
