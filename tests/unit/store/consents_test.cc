// Consents: who has something in a domain is asked before it goes, once, and what they say counts for a while.
#include "store/consents.h"

#include "stores.h"

namespace cw::store {
namespace {

constexpr const char* kDomain = "F063617264770001";

class ConsentStories : public OnStore {
 protected:
  void SetUp() override {
    OnStore::SetUp();
    if (IsSkipped()) return;
    store_ = open();
    for (const char* name : {"acme", "nova", "zenith"}) store_->owners().add(name, "ada@desk");
  }
  Consents& consents() { return store_->consents(); }
  std::vector<Consent> ask(const std::string& owner, const std::vector<std::string>& others = {},
                           const std::string& card = "CPLC-1+KDD-07") {
    return consents().ask({card, kDomain, owner, others, "run1", "ada@desk"});
  }
  void domain_of(const std::string& owner, DomainState state = DomainState::present) {
    Domain domain;
    domain.card = "CPLC-1";
    domain.aid = kDomain;
    domain.owner = owner;
    domain.state = state;
    store_->domains().put(domain, "ada@desk");
  }
  int64_t records(const std::string& action) {
    int64_t out = 0;
    for (const AuditRecord& each : store_->audit().list(1, 0)) out += each.entry.action == action ? 1 : 0;
    return out;
  }

  std::shared_ptr<Store> store_;
};

TEST_P(ConsentStories, whose_domain_it_is_and_who_is_named_are_asked_once_and_nobody_asks_himself) {
  EXPECT_TRUE(ask("").empty()) << "nobody has anything there";
  domain_of("acme");
  EXPECT_TRUE(ask("acme").empty());
  const std::vector<Consent> first = ask("", {"nova", "acme"});
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0].provider, "acme");
  EXPECT_EQ(first[1].provider, "nova");
  EXPECT_EQ(first[0].card, "CPLC-1");
  EXPECT_EQ(first[0].outcome, "");
  EXPECT_EQ(ask("", {"nova"})[0].id, first[0].id) << "asked again, it is the same question";
  EXPECT_EQ(ask("nova", {"nova"}).size(), 1U);
  EXPECT_EQ(records("consent asked for"), 2);
  EXPECT_NE(ask("", {}, "CPLC-2").size(), 1U) << "another card's domain is another one";
  EXPECT_EQ(refusal([&] { ask("", {"nobody"}); }).find("usage: there is no owner 'nobody'"), 0U);
  store_->providers().deregister("nova", {}, "", "bob@desk");
  EXPECT_EQ(ask("", {"nova"}).size(), 1U) << "who is gone is not asked";
}

TEST_P(ConsentStories, what_is_said_counts_until_it_expires_and_may_be_changed_until_then) {
  domain_of("acme");
  const std::string id = ask("")[0].id;
  EXPECT_EQ(consents().decide(id, false, "people still use it", "grace@acme").outcome, "refused");
  EXPECT_EQ(ask("")[0].why, "people still use it");
  EXPECT_NE(refusal([&] { consents().decide(id, false, "", "grace@acme"); }).find("was refused by grace@acme already"),
            std::string::npos);
  consents().decide(id, true, "moved", "grace@acme");
  EXPECT_EQ(ask("")[0].outcome, "given");
  EXPECT_NE(refusal([&] { consents().decide(id, true, "a\nb", "grace@acme"); }), "");
  EXPECT_EQ(records("consent refused"), 1);
  EXPECT_EQ(records("consent given"), 1);
  store_->database().run({"UPDATE consents SET expires = 1", {}});  // as if the month was over
  EXPECT_NE(refusal([&] { consents().decide(id, false, "", "grace@acme"); }).find("has expired"), std::string::npos);
  EXPECT_NE(ask("")[0].id, id) << "they are asked anew";
  EXPECT_EQ(consents().list(false, {}).size(), 2U);
  EXPECT_EQ(consents().list(true, {}).size(), 1U);
}

TEST_P(ConsentStories, each_sees_what_it_is_asked_itself) {
  ask("", {"acme", "nova"});
  ASSERT_EQ(consents().list(true, "nova").size(), 1U);
  const std::string theirs = consents().list(true, "nova")[0].id;
  EXPECT_EQ(consents().find(theirs, "nova").id, theirs);
  EXPECT_EQ(refusal([&] { consents().find(theirs, "acme"); }).find("usage: there is no consent '" + theirs), 0U);
  EXPECT_NE(refusal([&] { consents().find("", {}); }), "");
  EXPECT_NE(refusal([&] { consents().find("%", {}); }), "");
  EXPECT_NE(refusal([&] { consents().decide("0", true, "", "ada@desk"); }), "");
}

TEST_P(ConsentStories, it_is_for_the_domain_that_was_there_and_not_for_one_that_is_made_after_it) {
  domain_of("acme");
  const std::string id = ask("", {"nova"})[0].id;
  consents().decide(id, true, "", "grace@acme");
  domain_of("acme", DomainState::deleted);
  EXPECT_EQ(ask("", {"acme", "nova"})[0].outcome, "given") << "a run that was torn needs no second one";
  store_->database().run({"UPDATE consents SET asked = asked - 1000", {}});
  domain_of("acme");
  EXPECT_NE(refusal([&] { consents().decide(id, false, "", "grace@acme"); }).find("counts no more"), std::string::npos);
  const std::vector<Consent> anew = ask("", {"nova"});
  ASSERT_EQ(anew.size(), 2U);
  EXPECT_NE(anew[0].id, id);
  EXPECT_EQ(anew[0].outcome, "");
  EXPECT_EQ(anew[1].outcome, "");
}

TEST_P(ConsentStories, a_provider_that_is_registered_again_is_asked_again) {
  const std::string id = ask("", {"nova"})[0].id;
  consents().decide(id, true, "", "grace@nova");
  store_->providers().deregister("nova", {}, "", "bob@desk");
  store_->database().run({"UPDATE consents SET asked = asked - 1000", {}});
  store_->providers().enter("nova", {}, true, "ada@desk");
  const std::vector<Consent> anew = ask("", {"nova"});
  ASSERT_EQ(anew.size(), 1U);
  EXPECT_NE(anew[0].id, id);
}

TEST_P(ConsentStories, whose_card_it_is_has_something_in_each_domain_on_it) {
  store_->owners().give("CPLC-1", "acme", "ada@desk");
  ASSERT_EQ(ask("").size(), 1U) << "whether the domain is known or not";
  EXPECT_EQ(ask("")[0].provider, "acme");
  EXPECT_TRUE(ask("acme").empty());
}

TEST_P(ConsentStories, an_owner_learns_of_no_other_by_asking_and_fills_nobodys_list) {
  EXPECT_NE(refusal([&] { ask("", {"acne"}); }).find("did you mean 'acme'"), std::string::npos);
  EXPECT_EQ(refusal([&] { ask("nova", {"acne"}); }), "usage: there is no owner 'acne' to ask for consent");
  RunRow row = a_run("sei/delete");
  row.owner = "nova";
  const std::string run = store_->runs().create(row, key_of_run(), to_bytes("first")).run();
  const auto asks = [&](const std::string& owner, int card) {
    consents().ask(
        {"CPLC-" + std::to_string(card), kDomain, owner, {"acme"}, owner.empty() ? "run1" : run, "ada@desk"});
  };
  for (int card = 0; card < kOpenConsents; ++card) asks("nova", card);
  EXPECT_EQ(
      refusal([&] { asks("nova", 99); }).find("policy: asking acme for consent: it has 20 questions of runs of nova"),
      0U);
  EXPECT_EQ(refusal([&] { asks("nova", 1); }), "") << "that was asked before";
  EXPECT_EQ(refusal([&] { asks("", 99); }), "") << "the operator asks";
  consents().decide(consents().list(true, "acme").back().id, false, "", "grace@acme");
  EXPECT_EQ(refusal([&] { asks("nova", 100); }), "") << "one was answered";
  EXPECT_EQ(consents().list(false, "acme").size(), 22U);
}

TEST_P(ConsentStories, two_persons_are_two_whoever_asked_does_not_give) {
  const std::string id = ask("", {"nova"})[0].id;
  EXPECT_EQ(refusal([&] { consents().decide(id, true, "", "ada@laptop", true); }).find("policy: consent " + id), 0U);
  EXPECT_EQ(consents().decide(id, true, "", "bob@desk", true).outcome, "given");
}

TEST_P(ConsentStories, a_domain_that_is_gone_needs_nobodys) {
  domain_of("acme", DomainState::deleted);
  EXPECT_TRUE(ask("").empty());
}

INSTANTIATE_TEST_SUITE_P(On, ConsentStories, both_engines(), engine_name);

}  // namespace
}  // namespace cw::store
