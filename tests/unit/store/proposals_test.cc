// What one operator wants and another has to approve.
#include "store/proposals.h"

#include "stores.h"

namespace cw::store {
namespace {

class ProposalStories : public OnStore {
 protected:
  void SetUp() override {
    OnStore::SetUp();
    if (!IsSkipped()) store_ = open();
  }
  Proposals& proposals() { return store_->proposals(); }
  Proposal propose(const std::string& by) {
    Proposal wanted;
    wanted.what = "policy";
    wanted.action = "use";
    wanted.hash = std::string(64, 'A');
    wanted.reason = "new cards";
    wanted.by = by;
    return proposals().make(wanted);
  }
  std::vector<std::string> audit() {
    std::vector<std::string> out;
    for (const AuditRecord& record : store_->audit().list(1, 0)) {
      out.push_back(record.entry.actor + ": " + record.entry.action);
    }
    return out;
  }

  std::shared_ptr<Store> store_;
};

TEST_P(ProposalStories, another_person_approves_and_it_is_done_once) {
  const Proposal made = propose("ada@desk");
  int done = 0;
  EXPECT_EQ(refusal([&] { proposals().approve(made.id, "ada@desk", [&] { ++done; }); }),
            "usage: proposal " + made.id + " is your own, and the policy in use asks for a second person");
  EXPECT_EQ(done, 0);
  proposals().approve(made.id, "bob@desk", [&] { ++done; });
  EXPECT_EQ(done, 1);
  EXPECT_EQ(refusal([&] { proposals().approve(made.id, "eve@desk", [&] { ++done; }); }),
            "usage: proposal " + made.id + " was approved by bob@desk");
  EXPECT_NE(
      refusal([&] { proposals().approve(made.id, "bob@desk", [&] { ++done; }); }).find("was approved by bob@desk"),
      std::string::npos);
  EXPECT_EQ(done, 1);
  EXPECT_EQ(proposals().find(made.id.substr(0, 12)).outcome, "approved");
  EXPECT_EQ(audit(), (std::vector<std::string>{"ada@desk: policy use proposed", "bob@desk: policy use approved"}));
}

TEST_P(ProposalStories, what_cannot_be_done_stays_open) {
  const Proposal made = propose("ada@desk");
  EXPECT_EQ(refusal([&] {
              proposals().approve(made.id, "bob@desk", [] { throw Error(ErrorKind::usage, "it was discarded"); });
            }),
            "usage: it was discarded");
  EXPECT_EQ(proposals().list(true).size(), 1U);
  EXPECT_EQ(audit().size(), 1U);
}

TEST_P(ProposalStories, who_proposed_it_may_reject_it) {
  const Proposal made = propose("ada@desk");
  EXPECT_NE(refusal([&] { propose("bob@desk"); }).find("the same was proposed by ada@desk"), std::string::npos);
  proposals().reject(made.id, "ada@desk");
  EXPECT_TRUE(proposals().list(true).empty());
  EXPECT_NE(refusal([&] { proposals().approve(made.id, "bob@desk", [] {}); }).find("was rejected by ada@desk"),
            std::string::npos);
  EXPECT_NO_THROW(propose("bob@desk")) << "it may be proposed again";
}

TEST_P(ProposalStories, after_a_day_nobody_can_approve_it) {
  const Proposal made = propose("ada@desk");
  store_->database().run({"UPDATE proposals SET expires = 1", {}});
  EXPECT_NE(refusal([&] { proposals().approve(made.id, "bob@desk", [] {}); }).find("has expired; propose it again"),
            std::string::npos);
  EXPECT_TRUE(proposals().list(true).empty());
  EXPECT_EQ(proposals().list(false).size(), 1U);
  EXPECT_NE(refusal([&] { proposals().find("zz"); }).find("there is no proposal 'zz'"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(On, ProposalStories, both_engines(), engine_name);

}  // namespace
}  // namespace cw::store
