// A version that a part of the runs begins under first: who is in it, what is counted, and when it ends by itself.
#include <atomic>
#include <thread>

#include "store/canary.h"
#include "stores.h"

namespace cw::store {
namespace {

const std::string kOld(64, 'A');
const std::string kNew(64, 'B');
const std::string kOther(64, 'C');

TEST(Canary, takes_about_its_share_and_who_is_in_a_small_one_is_in_each_larger_one) {
  int in_five = 0, in_half = 0, lost = 0;
  for (int card = 0; card < 20'000; ++card) {
    const std::string subject = "CPLC-" + std::to_string(card);
    const bool five = is_canary(subject, kNew, 5'000), half = is_canary(subject, kNew, 50'000);
    in_five += five;
    in_half += half;
    lost += five && !half;
    EXPECT_EQ(five, is_canary(subject, kNew, 5'000));
    EXPECT_FALSE(is_canary(subject, kNew, 0));
    EXPECT_TRUE(is_canary(subject, kNew, kWhole));
  }
  EXPECT_NEAR(in_five, 1'000, 150);
  EXPECT_NEAR(in_half, 10'000, 350);
  EXPECT_EQ(lost, 0);
}

TEST(Canary, another_version_takes_other_cards) {
  int both = 0;
  for (int card = 0; card < 20'000; ++card) {
    const std::string subject = "CPLC-" + std::to_string(card);
    both += is_canary(subject, kNew, 50'000) && is_canary(subject, kOther, 50'000);
  }
  EXPECT_NEAR(both, 5'000, 400);
}

TEST(Canary, does_worse_after_50_runs_and_not_before) {
  Canary canary;
  canary.others = {900, 5};
  canary.own = {30, 19};
  EXPECT_FALSE(does_worse(canary));
  canary.own = {30, 20};
  EXPECT_TRUE(does_worse(canary));
  canary.own = {49, 1};
  EXPECT_FALSE(does_worse(canary)) << "that may be chance";
  EXPECT_EQ(numbers_of(canary), "1 of 50 runs failed, and 5 of 905 others; p = 0.28");
}

class CanaryStories : public OnStore {
 protected:
  void SetUp() override {
    OnStore::SetUp();
    if (IsSkipped()) return;
    store_ = open();
    for (const std::string& hash : {kOld, kNew, kOther}) {
      Version version;
      version.hash = hash;
      version.name = hash == kOld ? "old" : hash == kNew ? "new" : "other";
      version.loaded_by = "ada@desk";
      policies().load(version, to_bytes("sealed"));
    }
    policies().use(kOld, "ada@desk", "");
  }
  Versions& policies() { return store_->policies(); }

  /// A card on this side of the canary.
  std::string card(bool own) {
    for (;;) {
      std::string name = "CPLC-" + std::to_string(++cards_);
      if (is_canary(name, kNew, policies().canary()->share) == own) return name;
    }
  }
  static Lease begin(Store& store, const std::string& card, const std::string& hash) {
    RunRow row = a_run("demo/install");
    row.card_id = card;
    row.policy = "some";
    row.policy_hash = hash;
    return store.runs().create(row, key_of_run(), to_bytes("first"), PolicyIs::in_use);
  }
  void end(Lease lease, RunState state) {
    RunChange change;
    change.state = state;
    store_->runs().append(lease, to_bytes("last"), change);
    if (lease.counted) policies().judge_canary("bob@node");
  }
  void run(bool own, RunState state) { end(begin(*store_, card(own), own ? kNew : kOld), state); }
  std::vector<std::string> audit_of_canaries() {
    std::vector<std::string> out;
    for (const AuditRecord& record : store_->audit().list(1, 0)) {
      if (record.entry.action.find("canary") == std::string::npos) continue;
      std::string line = record.entry.actor + ": " + record.entry.action;
      for (const auto& [name, value] : record.entry.details) line += ", " + name + " " + value.substr(0, 70);
      out.push_back(line);
    }
    return out;
  }

  std::shared_ptr<Store> store_;
  int cards_ = 0;
};

TEST_P(CanaryStories, a_run_begins_on_the_side_of_its_card_or_not_at_all) {
  policies().begin_canary(kNew, 50'000, "ada@desk", "try it");
  const std::string in = card(true), out = card(false);
  EXPECT_EQ(policies().for_run(in), kNew);
  EXPECT_EQ(policies().for_run(out), kOld);
  EXPECT_EQ(cause_of([&] { begin(*store_, in, kOld); }), "policy");
  EXPECT_EQ(cause_of([&] { begin(*store_, out, kNew); }), "policy");
  EXPECT_NO_THROW(begin(*store_, in, kNew));
  EXPECT_NO_THROW(begin(*store_, out, kOld));
  EXPECT_EQ(policies().in_use()->hash, kOld);
}

TEST_P(CanaryStories, what_becomes_of_runs_is_counted_once_and_a_stop_counts_for_neither) {
  policies().begin_canary(kNew, 50'000, "ada@desk", "");
  run(true, RunState::done);
  run(true, RunState::failed);
  run(true, RunState::stopped);
  run(false, RunState::done);
  Lease stuck = begin(*store_, card(false), kOld);
  RunChange change;
  for (const RunState state :
       {RunState::waiting, RunState::running, RunState::stuck, RunState::running, RunState::done}) {
    change.state = state;
    store_->runs().append(stuck, to_bytes("frame"), change);
  }
  const Lease by_itself = store_->runs().create(a_run("demo/install"), key_of_run(), to_bytes("first"), PolicyIs::any);
  end(by_itself, RunState::failed);
  EXPECT_EQ(policies().canary()->own, (Outcomes{1, 1}));
  EXPECT_EQ(policies().canary()->others, (Outcomes{1, 1}));
}

TEST_P(CanaryStories, one_that_fails_more_often_goes_back_by_itself_and_the_audit_has_the_numbers) {
  policies().begin_canary(kNew, 50'000, "ada@desk", "");
  for (int i = 0; i < 60; ++i) run(false, RunState::done);
  for (int i = 0; i < 49; ++i) run(true, i < 15 ? RunState::failed : RunState::done);
  EXPECT_TRUE(policies().canary()) << "49 are too few";
  const Lease late = begin(*store_, card(true), kNew);
  run(true, RunState::done);
  EXPECT_FALSE(policies().canary());
  const Canary ended = policies().canaries().at(0);
  EXPECT_EQ(ended.how, "rolled back");
  EXPECT_EQ(ended.ended_by, "bob@node");
  EXPECT_EQ(ended.why, "15 of 50 runs failed, and 0 of 60 others; p = 1.9e-06");
  EXPECT_EQ(policies().in_use()->hash, kOld);
  EXPECT_EQ(policies().for_run("any card"), kOld);
  EXPECT_EQ(
      audit_of_canaries().back(),
      "bob@node: policy canary rolled back, name new, failed 15/50, others failed 0/60, p 1.9e-06, reason 15 of 50 "
      "runs failed, and 0 of 60 others; p = 1.9e-06");
  end(late, RunState::failed);
  EXPECT_EQ(policies().canaries().at(0).own.all(), 50) << "it ended after the verdict";
}

TEST_P(CanaryStories, one_that_fails_no_more_often_stays) {
  policies().begin_canary(kNew, 50'000, "ada@desk", "");
  for (int i = 0; i < 60; ++i) run(false, i % 4 == 0 ? RunState::failed : RunState::done);
  for (int i = 0; i < 60; ++i) run(true, i % 4 == 0 ? RunState::stuck : RunState::done);
  ASSERT_TRUE(policies().canary());
  EXPECT_EQ(policies().canary()->own, (Outcomes{45, 15}));
  EXPECT_EQ(policies().canary()->others, (Outcomes{45, 15}));
}

TEST_P(CanaryStories, using_it_promotes_it_and_using_another_replaces_it) {
  policies().begin_canary(kNew, 5'000, "ada@desk", "");
  policies().use(kNew, "bob@desk", "it is good");
  EXPECT_FALSE(policies().canary());
  EXPECT_EQ(policies().in_use()->hash, kNew);
  EXPECT_EQ(policies().canaries().at(0).how, "promoted");
  policies().begin_canary(kOther, 5'000, "ada@desk", "");
  policies().use(kOld, "bob@desk", "");
  EXPECT_EQ(policies().canaries().at(0).how, "replaced");
  EXPECT_EQ(policies().canaries().size(), 2U);
  EXPECT_EQ(policies().in_use()->hash, kOld);
}

TEST_P(CanaryStories, an_operator_ends_it_or_gives_it_another_share) {
  policies().begin_canary(kNew, 5'000, "ada@desk", "try it");
  policies().begin_canary(kNew, 20'000, "bob@desk", "more");
  EXPECT_EQ(policies().canary()->share, 20'000);
  EXPECT_EQ(policies().canary()->number, 1) << "the same one";
  policies().end_canary("bob@desk", "no need");
  EXPECT_FALSE(policies().canary());
  EXPECT_EQ(policies().in_use()->hash, kOld);
  EXPECT_EQ(refusal([&] { policies().end_canary("bob@desk", ""); }),
            "usage: no canary is under way; see cardwright policy list");
  EXPECT_EQ(audit_of_canaries(),
            (std::vector<std::string>{
                "ada@desk: policy canary begun, name new, share 5000/100000, beside " + kOld + ", reason try it",
                "bob@desk: policy canary changed, name new, share 20000/100000, beside " + kOld + ", reason more",
                "bob@desk: policy canary rolled back, name new, failed 0/0, others failed 0/0, p 1, reason no need"}));
}

TEST_P(CanaryStories, who_uses_the_one_in_use_is_told_how_a_canary_ends) {
  policies().begin_canary(kNew, 5'000, "ada@desk", "");
  EXPECT_EQ(refusal([&] { policies().use(kOld, "ada@desk", ""); }),
            "usage: policy old AAAAAAAAAAAA is in use already; cardwright policy rollback ends the canary beside it");
  EXPECT_TRUE(policies().canary());
}

TEST_P(CanaryStories, what_cannot_be_one_is_refused) {
  EXPECT_EQ(refusal([&] { policies().begin_canary(kOld, 5'000, "ada@desk", ""); }),
            "usage: policy old AAAAAAAAAAAA is in use already");
  policies().begin_canary(kNew, 5'000, "ada@desk", "");
  EXPECT_NE(refusal([&] { policies().begin_canary(kOther, 5'000, "ada@desk", ""); }).find("is a canary already"),
            std::string::npos);
  EXPECT_NE(refusal([&] { policies().discard(kNew, "ada@desk"); }).find("is a canary, and runs begin under it"),
            std::string::npos);
  EXPECT_NE(refusal([&] { policies().roll_back("ada@desk", ""); }).find("no policy was in use before"),
            std::string::npos);
  EXPECT_NE(refusal([&] { store_->bundles().begin_canary(kNew, 5'000, "ada@desk", ""); }).find("there is no bundle"),
            std::string::npos);
}

TEST_P(CanaryStories, one_that_was_changed_from_outside_is_found) {
  const auto found = [&] {
    for (const std::string& line : store_->check().broken) {
      if (line.find("which policy is in use was changed from outside") != std::string::npos) return true;
    }
    return false;
  };
  policies().begin_canary(kNew, 5'000, "ada@desk", "");
  EXPECT_FALSE(found());
  store_->database().run({"UPDATE in_use SET canary = 7 WHERE what = 'policy'", {}});
  EXPECT_TRUE(found());
}

TEST_P(CanaryStories, several_nodes_count_together_and_one_of_them_ends_it) {
  policies().begin_canary(kNew, 50'000, "ada@desk", "");
  std::vector<std::string> in, out;
  for (int i = 0; i < 60; ++i) in.push_back(card(true)), out.push_back(card(false));
  std::atomic<int> wrong{0};
  std::vector<std::thread> nodes;
  for (size_t node = 0; node < 3; ++node) {
    nodes.emplace_back([&, node] {
      const auto own = open("node " + std::to_string(node));
      for (size_t i = node; i < in.size(); i += 3) {
        for (const bool canary : {true, false}) {
          const std::string& subject = canary ? in[i] : out[i];
          const std::string hash = own->policies().for_run(subject);
          if (hash.empty()) ++wrong;
          const std::string cause = cause_of([&] {
            Lease lease = begin(*own, subject, hash);
            RunChange change;
            change.state = hash == kNew ? RunState::failed : RunState::done;
            own->runs().append(lease, to_bytes("last"), change);
            if (lease.counted) own->policies().judge_canary("node");
          });
          if (cause != "none" && cause != "policy") ++wrong;
        }
      }
    });
  }
  for (std::thread& node : nodes) node.join();
  EXPECT_EQ(wrong, 0);
  ASSERT_FALSE(policies().canary());
  const Canary ended = policies().canaries().at(0);
  EXPECT_GE(ended.own.bad, 50);
  EXPECT_EQ(ended.own.good, 0);
  EXPECT_EQ(audit_of_canaries().size(), 2U) << "begun and rolled back, each once";
}

INSTANTIATE_TEST_SUITE_P(On, CanaryStories, both_engines(), engine_name);

}  // namespace
}  // namespace cw::store
