// What is known of security domains between two runs: as runs left them, and as their issuers told of them since.
#include "store/domains.h"

#include "store/schema.h"
#include "stores.h"

namespace cw::store {
namespace {

constexpr const char* kChip = "CPLC-47905168";
constexpr const char* kAid = "F063617264770001";

class DomainStories : public OnStore {
 protected:
  void SetUp() override {
    OnStore::SetUp();
    if (IsSkipped()) return;
    store_ = open();
    for (const char* owner : {"acme", "zenith"}) store_->owners().add(owner, "ada@desk");
  }

  static Domain domain(const std::string& owner = "acme", DomainState state = DomainState::present) {
    Domain out;
    out.card = kChip;
    out.aid = kAid;
    out.owner = owner;
    out.state = state;
    out.run = "run1";
    return out;
  }
  Domain kept() { return store_->domains().list({kChip, kAid, {}, {}, {}}).at(0); }
  /// A run of that owner, on that card.
  std::string run_on(const std::string& owner, const std::string& card) {
    RunRow row = a_run("sei/create");
    row.owner = owner;
    row.card_id = card;
    return store_->runs().create(row, key_of_run(), to_bytes("first")).run();
  }

  std::shared_ptr<Store> store_;
};

TEST_P(DomainStories, a_run_says_what_it_left_and_what_it_does_not_know_stays) {
  Domain asked = domain("acme", DomainState::asked);
  asked.card = std::string(kChip) + "+KDD-00112233445566778899";
  asked.se_id = "9F7F2A";
  asked.issuer = "https://sei.acme.example/sei/v1/";
  asked.management = "delegated";
  store_->domains().put(asked, "ada@desk");
  Domain seen = domain();
  seen.keys = "transit.sd";
  seen.version = 0x31;
  store_->domains().put(seen, "ada@desk");
  const Domain now = kept();
  EXPECT_EQ(now.card, kChip) << "the chip, whatever its keys are diversified with";
  EXPECT_EQ(now.state, DomainState::present);
  EXPECT_EQ(now.issuer, "https://sei.acme.example/sei/v1/");
  EXPECT_EQ(now.se_id, "9F7F2A");
  EXPECT_EQ(now.management, "delegated");
  EXPECT_EQ(now.keys, "transit.sd");
  EXPECT_EQ(now.version, 0x31);
  EXPECT_LE(now.since, now.changed);
  const int64_t records = store_->audit().list(1, 0).back().number;
  store_->domains().put(seen, "ada@desk");
  EXPECT_EQ(store_->audit().list(1, 0).back().number, records) << "said again, nothing is new";
}

TEST_P(DomainStories, nothing_is_kept_that_names_no_card_or_no_domain) {
  Domain nameless = domain();
  nameless.card.clear();
  EXPECT_EQ(refusal([&] { store_->domains().put(nameless, "ada@desk"); }),
            "usage: keeping domain F063617264770001: the card did not say who it is");
  for (const char* aid : {"", "F0", "f063617264770001", "F06361726477000", "F0636172647700010000000000000000AA"}) {
    Domain odd = domain();
    odd.aid = aid;
    EXPECT_NE(refusal([&] { store_->domains().put(odd, "ada@desk"); }).find("an AID is 5 to 16 bytes"),
              std::string::npos)
        << aid;
  }
  EXPECT_TRUE(store_->domains().list({}).empty());
}

TEST_P(DomainStories, a_domain_is_one_owners_until_it_is_gone) {
  store_->domains().put(domain("acme"), "ada@desk");
  EXPECT_EQ(
      refusal([&] { store_->domains().put(domain("zenith"), "ada@desk"); }),
      "usage: keeping domain F063617264770001 of card CPLC-47905168: it is managed by owner acme, and this run is "
      "zenith's; cardwright card give lets a card and its domains be an owner's");
  store_->domains().put(domain("", DomainState::locked), "ada@desk");
  EXPECT_EQ(kept().state, DomainState::locked) << "the operator's runs may work on all";
  EXPECT_EQ(kept().owner, "acme") << "and it stays whose it is";
  Domain gone = domain("acme", DomainState::deleted);
  gone.keys = "acme.sd";
  gone.issuer = "https://sei.acme.example/sei/v1/";
  gone.se_id = "9F7F2A";
  store_->domains().put(gone, "ada@desk");
  store_->domains().put(domain("zenith"), "ada@desk");
  EXPECT_EQ(kept().owner, "zenith");
  EXPECT_EQ(kept().keys, "") << "keys of one that is gone open no other";
  EXPECT_EQ(kept().issuer, "") << "nor has whoever made that one a word in this";
  EXPECT_EQ(kept().se_id, "");
  EXPECT_EQ(store_->domains().list({{}, {}, {}, {}, "acme"}).size(), 0U);
  EXPECT_EQ(store_->domains().list({{}, {}, {}, {}, "zenith"}).size(), 1U);
}

TEST_P(DomainStories, what_a_run_may_make_of_one_is_said_before_it_does) {
  const auto expects = [&](const std::string& owner, DomainState state, bool agreed = false) {
    return refusal([&] { store_->domains().expect(domain(owner, state), agreed); });
  };
  EXPECT_EQ(expects("zenith", DomainState::deleted), "") << "nobody knows it";
  store_->domains().put(domain("acme"), "ada@desk");
  EXPECT_EQ(expects("acme", DomainState::deleted), "");
  EXPECT_EQ(expects("", DomainState::locked), "");
  EXPECT_EQ(expects("", DomainState::deleted)
                .find("policy: domain F063617264770001 of card CPLC-47905168 is acme's, who "
                      "was not asked whether it may go"),
            0U);
  EXPECT_EQ(expects("zenith", DomainState::locked).find("usage: keeping domain"), 0U);
  EXPECT_EQ(expects("zenith", DomainState::deleted, true), "");
  EXPECT_EQ(expects("zenith", DomainState::locked, true).find("usage: keeping domain"), 0U);
  store_->providers().suspend("acme", "unpaid", "bob@desk");
  EXPECT_NE(expects("", DomainState::locked).find("is acme's: nothing of provider acme is managed"), std::string::npos);
  EXPECT_NE(expects("", DomainState::deleted, true).find("nothing of provider acme is managed"), std::string::npos);
  EXPECT_EQ(expects("acme", DomainState::locked), "") << "whose run it is was asked before its step";
  store_->domains().put(domain("zenith", DomainState::deleted), "ada@desk", true);
  EXPECT_EQ(kept().state, DomainState::deleted);
  EXPECT_EQ(kept().owner, "acme");
  EXPECT_EQ(expects("zenith", DomainState::present), "") << "it is nobody's now";
}

TEST_P(DomainStories, a_card_that_is_given_away_goes_with_its_domains) {
  store_->domains().put(domain("zenith"), "ada@desk");  // who may have cards of nobody
  store_->owners().give(kChip, "acme", "ada@desk");
  EXPECT_EQ(kept().owner, "acme");
  store_->domains().put(domain("acme", DomainState::locked), "ada@desk");
  EXPECT_THROW(store_->domains().put(domain("zenith"), "ada@desk"), Error);
  store_->owners().take_back(kChip, "ada@desk");
  EXPECT_EQ(kept().owner, "");
}

TEST_P(DomainStories, that_one_is_asked_for_says_nothing_of_one_that_is_there) {
  Domain here = domain();
  here.keys = "transit.sd";
  store_->domains().put(here, "ada@desk");
  store_->domains().put(domain("acme", DomainState::asked), "ada@desk");
  EXPECT_EQ(kept().state, DomainState::present);
  EXPECT_EQ(kept().keys, "transit.sd");
}

TEST_P(DomainStories, keys_are_put_to_one_that_is_there_and_has_none) {
  EXPECT_FALSE(store_->domains().keyed(kChip, kAid, "ssd.1", 0x31, "SEI-TSM acme"));
  store_->domains().put(domain(), "ada@desk");
  EXPECT_TRUE(store_->domains().keyed(kChip, kAid, "ssd.1", 0x31, "SEI-TSM acme"));
  EXPECT_EQ(kept().keys, "ssd.1");
  EXPECT_EQ(kept().version, 0x31);
  EXPECT_TRUE(store_->domains().keyed(kChip, kAid, "ssd.1", 0x31, "SEI-TSM acme"));
  EXPECT_FALSE(store_->domains().keyed(kChip, kAid, "ssd.2", 0x31, "SEI-TSM acme"));
  store_->domains().put(domain("acme", DomainState::deleted), "ada@desk");
  EXPECT_FALSE(store_->domains().keyed(kChip, kAid, "ssd.1", 0x31, "SEI-TSM acme"));
}

TEST_P(DomainStories, what_an_issuer_tells_marks_the_domain_and_asks_its_owners_runs_on_that_card_to_stop) {
  store_->domains().put(domain(), "ada@desk");
  const std::string ours = run_on("acme", std::string(kChip) + "+KDD-00112233445566778899");
  const std::string theirs = run_on("zenith", kChip);
  const std::string elsewhere = run_on("acme", "CPLC-00000001");
  EXPECT_EQ(store_->domains().tell(kChip, kAid, {"LOCKED", DomainState::locked, "SEI-TSM acme"}).state,
            DomainState::locked);
  EXPECT_FALSE(store_->runs().find(ours).stop_asked) << "it is there, and who works on it finds it so";
  const Domain now = store_->domains().tell(kChip, kAid, {"RESETED", DomainState::reset, "SEI-TSM acme"});
  EXPECT_EQ(now.state, DomainState::reset);
  EXPECT_EQ(kept().told, "RESETED");
  EXPECT_EQ(kept().told_at, now.told_at);
  EXPECT_TRUE(store_->runs().find(ours).stop_asked);
  EXPECT_FALSE(store_->runs().find(theirs).stop_asked);
  EXPECT_FALSE(store_->runs().find(elsewhere).stop_asked);
  const AuditRecord record = store_->audit().list(1, 0).back();
  EXPECT_EQ(record.entry.action, "domain told");
  for (const auto& [status, becomes] : {std::pair{"RESETED", DomainState::reset}, {"CREATED", DomainState::present}}) {
    EXPECT_EQ(store_->domains().tell(kChip, kAid, {status, becomes, "SEI-TSM acme"}).state, DomainState::reset)
        << "gone stays gone, whatever is told";
  }
  EXPECT_EQ(store_->audit().list(1, 0).back().number, record.number);
  const Domain anew = store_->domains().put(domain("acme", DomainState::present), "ada@desk");
  EXPECT_EQ(kept().told, "RESETED") << "what was told stays as evidence";
  EXPECT_GE(anew.since, now.told_at) << "it is another domain";
  EXPECT_NE(refusal([&] {
              store_->domains().tell("CPLC-1", kAid, {"DELETED", DomainState::deleted, "x"});
            }).find("there is no domain"),
            std::string::npos);
}

TEST_P(DomainStories, a_message_counts_once_until_it_is_too_old_to_count_at_all) {
  EXPECT_FALSE(store_->domains().seen("acme", "0011", 1000, 5000));
  EXPECT_TRUE(store_->domains().seen("acme", "0011", 2000, 6000));
  EXPECT_FALSE(store_->domains().seen("zenith", "0011", 2000, 6000)) << "of another sender";
  EXPECT_TRUE(open()->domains().seen("acme", "0011", 4000, 9000)) << "another process knows it, too";
  EXPECT_FALSE(store_->domains().seen("acme", "0011", 5001, 9000));
}

TEST_P(DomainStories, a_store_of_format_5_gets_its_tables_when_it_is_brought_up) {
  const std::unique_ptr<Database> old = database();
  before_domains(*old);
  old->run({"UPDATE meta SET number = 5 WHERE name = 'format'", {}});
  StoreOptions wanted = options();
  wanted.migrate = false;
  EXPECT_EQ(cause_of([&] { Store::open(wanted); }), "older");
  store_ = open();
  EXPECT_EQ(format_of(*old), kStoreFormat);
  store_->domains().put(domain(), "ada@desk");
  EXPECT_EQ(kept().owner, "acme");
}

TEST_P(DomainStories, a_row_that_was_changed_from_outside_is_said_to_be) {
  store_->domains().put(domain(), "ada@desk");
  database()->run({"UPDATE domains SET state = 'odd'", {}});
  EXPECT_NE(refusal([&] { kept(); }).find("which is none: its row was changed from outside"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(On, DomainStories, both_engines(), engine_name);

}  // namespace
}  // namespace cw::store
