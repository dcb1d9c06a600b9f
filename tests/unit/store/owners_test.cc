// What belongs to whom: nothing of one owner is seen or used by another, and the operator's own comes first.
#include "store/owners.h"

#include "stores.h"

namespace cw::store {
namespace {

std::string hash_of(char letter) { return std::string(64, letter); }

class OwnerStories : public OnStore {
 protected:
  void SetUp() override {
    OnStore::SetUp();
    if (IsSkipped()) return;
    store_ = open();
    store_->owners().add("acme", "ada@desk");
    store_->owners().add("zenith", "ada@desk");
  }

  static void load(Versions& versions, char letter, const std::string& name) {
    Version version;
    version.hash = hash_of(letter);
    version.name = name;
    version.loaded_by = "ada@desk";
    versions.load(version, to_bytes("sealed " + name));
  }
  static RunRow run_of(const std::string& owner) {
    RunRow row = a_run("demo/install");
    row.owner = owner;
    return row;
  }
  Lease begin_of(const RunRow& row, const std::string& bundle = {}, const std::vector<Quota>& quotas = {}) {
    return store_->runs().create(row, key_of_run(), to_bytes("first"), PolicyIs::in_use, bundle, quotas);
  }

  std::shared_ptr<Store> store_;
};

TEST_P(OwnerStories, an_owner_is_added_once_under_a_name_that_can_stand_anywhere) {
  EXPECT_EQ(refusal([&] { store_->owners().add("acme", "bob@desk"); }), "usage: there is an owner acme already");
  for (const char* name :
       {"", "Acme", "a/b", "9lives", "operator", "a b", "a'b", "abcdefghijklmnopqrstuvwxyzabcdefg"}) {
    EXPECT_EQ(refusal([&] { store_->owners().add(name, "ada@desk"); }).find("usage: '"), 0U) << name;
  }
  ASSERT_EQ(store_->owners().list().size(), 2U);
  EXPECT_EQ(store_->owners().list()[0].name, "acme");
  EXPECT_EQ(store_->owners().list()[0].by, "ada@desk");
  EXPECT_TRUE(store_->owners().has("zenith"));
  EXPECT_EQ(
      refusal([&] { store_->policies("acne"); }),
      "usage: there is no owner 'acne' in the store; did you mean 'acme'?; cardwright owner list shows those there "
      "are, and owner add makes one");
  EXPECT_NE(refusal([&] { begin_of(run_of("acne")); }).find("there is no owner 'acne'"), std::string::npos);
}

TEST_P(OwnerStories, what_one_loads_and_uses_another_neither_sees_nor_runs_under) {
  load(store_->policies("acme"), 'A', "strict");
  load(store_->policies("zenith"), 'A', "strict");
  load(store_->policies("zenith"), 'B', "open");
  load(store_->policies(), 'C', "house");
  store_->policies("zenith").use(hash_of('B'), "zoe@desk", "");
  EXPECT_EQ(store_->policies("acme").list().size(), 1U);
  EXPECT_EQ(store_->policies().list().size(), 1U);
  EXPECT_FALSE(store_->policies("acme").in_use());
  EXPECT_FALSE(store_->policies().in_use());
  EXPECT_NE(refusal([&] { store_->policies("acme").find("open"); }).find("there is no policy 'open'"),
            std::string::npos);
  EXPECT_NE(refusal([&] { store_->policies("acme").use(hash_of('B'), "ada@desk", ""); }).find("there is no policy"),
            std::string::npos);
  store_->policies("zenith").discard(hash_of('A'), "zoe@desk");
  EXPECT_EQ(store_->policies("acme").find("strict").discarded, 0) << "its own copy";
  const std::vector<AuditRecord> records = store_->audit().list(1, 0);
  EXPECT_EQ(records.back().entry.details.back(), (std::pair<std::string, std::string>("owner", "zenith")));
}

TEST_P(OwnerStories, a_run_begins_under_the_operators_policy_and_its_owners_as_both_are_in_use_then) {
  load(store_->policies(), 'C', "house");
  load(store_->policies("acme"), 'A', "strict");
  RunRow row = run_of("acme");
  EXPECT_NO_THROW(begin_of(row)) << "none ever was in use";
  store_->policies("acme").use(hash_of('A'), "ada@desk", "");
  EXPECT_EQ(cause_of([&] { begin_of(row); }), "policy");
  row.owner_policy = "strict";
  row.owner_policy_hash = hash_of('A');
  EXPECT_NO_THROW(begin_of(row));
  store_->policies().use(hash_of('C'), "ada@desk", "");
  EXPECT_EQ(cause_of([&] { begin_of(row); }), "policy");
  row.policy = "house";
  row.policy_hash = hash_of('C');
  begin_of(row);
  RunRow other = run_of("zenith");
  other.policy = "house";
  other.policy_hash = hash_of('C');
  EXPECT_NO_THROW(begin_of(other)) << "acme's says nothing of others";
  EXPECT_EQ(store_->policies("acme").find("strict").runs, 2);
  EXPECT_EQ(store_->policies().find("house").runs, 2);
}

TEST_P(OwnerStories, bundles_are_the_owners_once_it_has_one_in_use_and_the_operators_until_then) {
  load(store_->bundles(), 'C', "house");
  load(store_->bundles("acme"), 'A', "ours");
  store_->bundles().use(hash_of('C'), "ada@desk", "");
  RunRow row = run_of("acme");
  row.bundle = hash_of('C');
  EXPECT_NO_THROW(begin_of(row, hash_of('C')));
  store_->bundles("acme").use(hash_of('A'), "ada@desk", "");
  EXPECT_EQ(cause_of([&] { begin_of(row, hash_of('C')); }), "bundle");
  row.bundle = hash_of('A');
  EXPECT_NO_THROW(begin_of(row, hash_of('A')));
  EXPECT_EQ(cause_of([&] {
              RunRow other = run_of("zenith");
              other.bundle = hash_of('A');
              begin_of(other, hash_of('A'));
            }),
            "bundle");
}

TEST_P(OwnerStories, runs_of_others_are_not_found) {
  const std::string ours = begin_of(run_of("acme")).run();
  const std::string theirs = begin_of(run_of("zenith")).run();
  const std::string house = begin_of(run_of("")).run();
  EXPECT_EQ(store_->runs().find(ours, "acme").owner, "acme");
  EXPECT_EQ(refusal([&] { store_->runs().find(theirs, "acme"); }).find("usage: there is no run " + theirs), 0U);
  const std::string near = theirs.substr(0, 19) + (theirs.back() == '0' ? '1' : '0');
  EXPECT_EQ(refusal([&] { store_->runs().find(near, "acme"); }).find(theirs), std::string::npos) << "not named, either";
  EXPECT_EQ(store_->runs().find(ours.substr(0, 3), "acme").id, ours) << "the others do not count";
  RunFilter filter;
  filter.owner = "acme";
  EXPECT_EQ(store_->runs().list(filter).size(), 1U);
  filter.owner = "";
  ASSERT_EQ(store_->runs().list(filter).size(), 1U);
  EXPECT_EQ(store_->runs().list(filter)[0].id, house);
  EXPECT_EQ(store_->runs().list({}).size(), 3U);
}

TEST_P(OwnerStories, a_quota_of_one_owner_counts_its_runs_alone) {
  const Quota quota{{"*"}, 1, 3'600'000, "owners.acme.quotas[1] allows 1 runs of * per hour", "acme"};
  begin_of(run_of("zenith"));
  begin_of(run_of(""));
  EXPECT_NO_THROW(begin_of(run_of("acme"), {}, {quota}));
  EXPECT_EQ(cause_of([&] { begin_of(run_of("acme"), {}, {quota}); }), "quota");
  Quota at_once = quota;
  at_once.window = 0;
  EXPECT_EQ(cause_of([&] { begin_of(run_of("acme"), {}, {at_once}); }), "quota");
  EXPECT_NO_THROW(begin_of(run_of("zenith"), {}, {}));
}

TEST_P(OwnerStories, a_card_is_one_owners_until_it_is_taken_back) {
  Owners& owners = store_->owners();
  EXPECT_EQ(owners.owner_of("CPLC-1"), "");
  EXPECT_TRUE(owners.give("CPLC-1", "acme", "ada@desk"));
  EXPECT_FALSE(owners.give("CPLC-1", "acme", "ada@desk")) << "it is";
  EXPECT_EQ(refusal([&] { owners.give("CPLC-1", "zenith", "ada@desk"); }),
            "usage: card CPLC-1 is acme's; take it back first, then give it");
  owners.give("CPLC-2", "zenith", "ada@desk");
  ASSERT_EQ(owners.cards("acme").size(), 1U);
  EXPECT_EQ(owners.cards("acme")[0].card, "CPLC-1");
  EXPECT_EQ(owners.cards({}).size(), 2U);
  EXPECT_EQ(owners.list()[0].cards, 1);
  owners.take_back("CPLC-1", "ada@desk");
  EXPECT_EQ(owners.owner_of("CPLC-1"), "");
  EXPECT_EQ(refusal([&] { owners.take_back("CPLC-1", "ada@desk"); }).find("usage: card CPLC-1 is no owner's"), 0U);
  EXPECT_TRUE(owners.give("CPLC-1", "zenith", "ada@desk"));
}

TEST_P(OwnerStories, a_card_is_the_same_one_whatever_part_of_its_identity_it_gives) {
  Owners& owners = store_->owners();
  owners.give("CPLC-1+KDD-07", "acme", "ada@desk");
  for (const char* told : {"CPLC-1+KDD-07", "CPLC-1", "CPLC-1+KDD-08"})
    EXPECT_EQ(owners.owner_of(told), "acme") << told;
  EXPECT_EQ(owners.owner_of("CPLC-12"), "");
  EXPECT_NE(refusal([&] { owners.give("CPLC-1", "zenith", "ada@desk"); }), "nothing");
  RunRow row = run_of("acme");
  row.card_id = "CPLC-1+KDD-08";
  begin_of(row);
  ASSERT_EQ(owners.cards("acme").size(), 1U);
  EXPECT_EQ(owners.cards("acme")[0].card, "CPLC-1");
  EXPECT_EQ(owners.cards("acme")[0].runs, 1);
}

TEST_P(OwnerStories, proposals_are_seen_by_whose_they_are) {
  Proposal wanted;
  wanted.what = "policy";
  wanted.action = "use";
  wanted.hash = hash_of('A');
  wanted.by = "ada@desk";
  wanted.owner = "acme";
  const Proposal ours = store_->proposals().make(wanted);
  wanted.owner = "";
  const Proposal house = store_->proposals().make(wanted);
  ASSERT_EQ(store_->proposals().list(true, "acme").size(), 1U);
  EXPECT_EQ(store_->proposals().list(true, "acme")[0].id, ours.id);
  EXPECT_EQ(store_->proposals().list(true, "acme")[0].what, "policy");
  EXPECT_EQ(store_->proposals().list(true).size(), 2U);
  EXPECT_NE(refusal([&] { store_->proposals().find(house.id, "acme"); }).find("there is no proposal"),
            std::string::npos);
}

TEST_P(OwnerStories, keys_are_kept_from_being_destroyed_while_a_run_may_need_them) {
  const std::string ours = begin_of(run_of("acme")).run();
  const std::string house = begin_of(run_of("")).run();
  for (const std::string& run : {ours, house}) {
    store_->database().run({"INSERT INTO run_keys (run, name, version) VALUES ($1, 'isd', 0)", {run}});
  }
  ASSERT_EQ(store_->runs().holders_of("acme/isd").size(), 1U);
  EXPECT_EQ(store_->runs().holders_of("acme/isd")[0].run, ours);
  EXPECT_EQ(store_->runs().holders_of("isd").size(), 2U) << "the operator's may be lent";
  EXPECT_EQ(store_->runs().holders_of("zenith/isd").size(), 0U);
}

TEST_P(OwnerStories, a_store_of_format_4_keeps_its_runs_and_who_holds_them) {
  Lease held = store_->runs().create(a_run("demo/install"), key_of_run(), to_bytes("first"));
  const std::unique_ptr<Database> old = database();
  before_owners(*old);
  old->run({"DELETE FROM in_use WHERE what LIKE '%/%'", {}});
  old->run({"UPDATE meta SET number = 4 WHERE name = 'format'", {}});
  store_ = open();
  EXPECT_TRUE(store_->runs().find(held.run()).held);
  EXPECT_EQ(store_->runs().find(held.run()).owner, "");
  EXPECT_NO_THROW(store_->runs().append(held, to_bytes("second")));
  EXPECT_NO_THROW(store_->owners().add("acme", "ada@desk"));
}

INSTANTIATE_TEST_SUITE_P(On, OwnerStories, both_engines(), engine_name);

}  // namespace
}  // namespace cw::store
