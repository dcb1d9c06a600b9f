// Policies that are swapped while runs begin: who loaded them, which one is in use, and that no run begins under an old
// one.
#include "store/versions.h"

#include <atomic>
#include <cctype>
#include <thread>

#include "crypto/digest.h"
#include "store/schema.h"
#include "stores.h"

namespace cw::store {
namespace {

std::string hash_of_letter(char letter) { return std::string(64, static_cast<char>(std::toupper(letter))); }

class VersionStories : public OnStore {
 protected:
  void SetUp() override {
    OnStore::SetUp();
    if (!IsSkipped()) store_ = open();
  }
  Versions& policies() { return store_->policies(); }
  bool load(char letter, const std::string& name) {
    Version version;
    version.hash = hash_of_letter(letter);
    version.name = name;
    version.origin = name + ".lua";
    version.loaded_by = "ada@desk";
    return policies().load(version, to_bytes("sealed " + name));
  }
  static RunRow run_under(char letter) {
    RunRow row = a_run("demo/install");
    row.policy = "some";
    row.policy_hash = hash_of_letter(letter);
    return row;
  }
  static Lease begin_under(Store& store, char letter) {
    return store.runs().create(run_under(letter), key_of_run(), to_bytes("first"), PolicyIs::in_use);
  }
  std::vector<std::string> audit() {
    std::vector<std::string> out;
    for (const AuditRecord& record : store_->audit().list(1, 0)) {
      std::string line = record.entry.actor + ": " + record.entry.action + " " + record.entry.subject.substr(0, 2);
      for (const auto& [name, value] : record.entry.details) line += ", " + name + " " + value.substr(0, 12);
      out.push_back(line);
    }
    return out;
  }

  std::shared_ptr<Store> store_;
};

TEST_P(VersionStories, one_is_loaded_used_replaced_rolled_back_and_discarded) {
  EXPECT_FALSE(policies().in_use());
  EXPECT_TRUE(load('a', "careful"));
  EXPECT_FALSE(load('a', "careful")) << "it is there";
  EXPECT_TRUE(load('b', "open"));

  policies().use(hash_of_letter('a'), "ada@desk", "");
  const Use open = policies().use(hash_of_letter('b'), "bob@desk", "new cards");
  EXPECT_EQ(open.number, 2);
  EXPECT_EQ(policies().in_use()->hash, hash_of_letter('b'));
  EXPECT_EQ(policies().in_use()->by, "bob@desk");
  EXPECT_EQ(policies().roll_back("ada@desk", "too open").hash, hash_of_letter('a'));
  EXPECT_EQ(policies().history().size(), 3U);
  EXPECT_EQ(policies().history()[0].reason, "too open");

  policies().discard(hash_of_letter('b'), "ada@desk");
  EXPECT_EQ(policies().find("open").discarded != 0, true);
  EXPECT_EQ(refusal([&] { policies().content(hash_of_letter('b')); }),
            "usage: policy " + hash_of_letter('b') + " was discarded; load its file again");
  EXPECT_EQ(refusal([&] { policies().use(hash_of_letter('b'), "ada@desk", ""); }),
            "usage: policy open BBBBBBBBBBBB was discarded; load its file again first");
  EXPECT_NE(refusal([&] { policies().roll_back("ada@desk", ""); }).find("was discarded"), std::string::npos);
  EXPECT_EQ(policies().in_use()->hash, hash_of_letter('a'));
  EXPECT_TRUE(load('b', "open")) << "its file may be loaded again";
  EXPECT_EQ(policies().content(hash_of_letter('b')), to_bytes("sealed open"));

  EXPECT_EQ(audit(), (std::vector<std::string>{
                         "ada@desk: policy loaded AA, name careful", "ada@desk: policy loaded BB, name open",
                         "ada@desk: policy used AA, name careful",
                         "bob@desk: policy used BB, name open, before AAAAAAAAAAAA, reason new cards",
                         "ada@desk: policy rolled back AA, name careful, before BBBBBBBBBBBB, reason too open",
                         "ada@desk: policy discarded BB, name open", "ada@desk: policy loaded BB, name open"}));
}

TEST_P(VersionStories, what_cannot_be_done_changes_nothing) {
  load('a', "careful");
  EXPECT_EQ(refusal([&] { policies().roll_back("ada@desk", ""); }),
            "usage: no policy was in use before the one that is; cardwright policy use takes any of cardwright policy "
            "list");
  policies().use(hash_of_letter('a'), "ada@desk", "");
  EXPECT_EQ(refusal([&] { policies().use(hash_of_letter('a'), "ada@desk", ""); }),
            "usage: policy careful AAAAAAAAAAAA is in use already");
  EXPECT_EQ(
      refusal([&] { policies().discard(hash_of_letter('a'), "ada@desk"); }),
      "usage: policy careful AAAAAAAAAAAA is in use, and runs begin under it; use another one first, then discard "
      "it");
  EXPECT_NE(refusal([&] { policies().use(hash_of_letter('c'), "ada@desk", ""); }).find("there is no policy"),
            std::string::npos);
  EXPECT_EQ(policies().history().size(), 1U);
  EXPECT_EQ(audit().size(), 2U);
}

TEST_P(VersionStories, one_is_found_by_its_hash_the_beginning_of_it_or_its_name) {
  load('a', "careful");
  load('b', "open");
  Version other;
  other.hash = std::string(63, 'B') + "C";
  other.name = "open";
  policies().load(other, to_bytes("sealed"));
  EXPECT_EQ(policies().find("aaaa").name, "careful");
  EXPECT_EQ(policies().find("careful").hash, hash_of_letter('a'));
  EXPECT_NE(refusal([&] { policies().find("bbbb"); }).find("may be any of"), std::string::npos);
  EXPECT_EQ(policies().find(hash_of_letter('b')).name, "open");
  EXPECT_NE(refusal([&] { policies().find("open"); }).find("name it by more digits of its hash"), std::string::npos);
  policies().discard(other.hash, "ada@desk");
  EXPECT_EQ(policies().find("open").hash, hash_of_letter('b')) << "the only one that may be used";
  EXPECT_NE(refusal([&] { policies().find("carefull"); }).find("did you mean 'careful'?"), std::string::npos);
}

TEST_P(VersionStories, a_run_begins_under_the_one_in_use_or_not_at_all) {
  load('a', "careful");
  load('b', "open");
  const auto begin = [&](char letter) { return begin_under(*store_, letter); };
  Lease under_none = begin('a');  // none ever was in use: the program's own counts
  store_->runs().append(under_none, to_bytes("last"), {RunState::done, {}, {}, {}, {}});
  policies().use(hash_of_letter('a'), "ada@desk", "");
  Lease under_a = begin('a');
  EXPECT_EQ(cause_of([&] { begin('b'); }), "policy");
  policies().use(hash_of_letter('b'), "ada@desk", "");
  EXPECT_EQ(cause_of([&] { begin('a'); }), "policy");
  Lease under_b = begin('b');
  EXPECT_EQ(policies().find("careful").runs, 1);
  EXPECT_EQ(store_->runs().list({}).size(), 3U) << "what was refused left nothing behind";
  store_->runs().append(under_a, to_bytes("last"), {RunState::done, {}, {}, {}, {}});
  EXPECT_EQ(policies().find("careful").runs, 0);
}

TEST_P(VersionStories, once_use_returned_no_run_begins_under_an_older_one_on_any_node) {
  const std::string letters = "0123456789abcdef";
  for (const char letter : letters) load(letter, std::string("number ") + letter);
  policies().use(hash_of_letter('0'), "ada@desk", "");
  std::atomic<size_t> newest{0};  // whose use has returned
  std::atomic<bool> over{false};
  std::atomic<int> begun{0}, too_late{0}, wrong{0};
  std::vector<std::thread> nodes;
  for (int node = 0; node < 3; ++node) {
    nodes.emplace_back([&, node] {
      const auto own = open("node " + std::to_string(node));
      while (!over) {
        const char seen = own->policies().in_use()->hash[0];
        const size_t returned = newest;
        const std::string cause = cause_of([&] { begin_under(*own, seen); });
        if (cause == "policy") ++too_late;
        if (cause != "none") continue;
        ++begun;
        wrong += letters.find(static_cast<char>(std::tolower(seen))) < returned;
      }
    });
  }
  for (size_t i = 1; i < letters.size(); ++i) {
    policies().use(hash_of_letter(letters[i]), "ada@desk", "");
    newest = i;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  over = true;
  for (std::thread& node : nodes) node.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(begun, 0);
  RecordProperty("refused as too late", too_late);
}

TEST_P(VersionStories, after_the_first_use_no_run_begins_that_was_to_begin_under_none) {
  load('a', "careful");
  const RunRow begun_before = run_under('f');  // the program's own policy, read before anything was in use
  policies().use(hash_of_letter('a'), "ada@desk", "");
  EXPECT_EQ(cause_of([&] { store_->runs().create(begun_before, key_of_run(), to_bytes("first"), PolicyIs::in_use); }),
            "policy");
  EXPECT_NO_THROW(store_->runs().create(begun_before, key_of_run(), to_bytes("first"), PolicyIs::any));
}

TEST_P(VersionStories, bundles_are_swapped_as_policies_are_and_beside_them) {
  Versions& bundles = store_->bundles();
  const auto load_bundle = [&](char letter, const std::string& name) {
    Version version;
    version.hash = hash_of_letter(letter);
    version.name = name;
    bundles.load(version, store_->key().seal(to_bytes(name), version_context(version.hash)));
  };
  // What a run began under may have a flow file more than the bundle in use.
  const auto begin = [&](char in_use, char own) {
    RunRow row = run_under('a');
    row.bundle = hash_of_letter(own);
    return store_->runs().create(row, key_of_run(), to_bytes("first"), PolicyIs::in_use, hash_of_letter(in_use));
  };
  load('a', "careful");
  load_bundle('b', "one");
  load_bundle('c', "two");
  EXPECT_NO_THROW(begin('f', 'f')) << "none ever was in use: the program's own counts";
  policies().use(hash_of_letter('a'), "ada@desk", "");
  bundles.use(hash_of_letter('b'), "ada@desk", "new applet");
  EXPECT_EQ(cause_of([&] { begin('f', 'f'); }), "bundle");
  Lease under_one = begin('b', 'b');
  EXPECT_NO_THROW(begin('b', 'd'));
  EXPECT_EQ(bundles.find("one").runs, 1);
  bundles.use(hash_of_letter('c'), "ada@desk", "");
  EXPECT_EQ(cause_of([&] { begin('b', 'b'); }), "bundle");
  EXPECT_EQ(bundles.roll_back("ada@desk", "").hash, hash_of_letter('b'));
  EXPECT_NO_THROW(begin('b', 'b'));
  EXPECT_EQ(policies().in_use()->hash, hash_of_letter('a')) << "one has nothing to do with the other";
  EXPECT_EQ(refusal([&] { bundles.find("careful"); }).substr(0, 37), "usage: there is no bundle 'careful' i");
}

TEST_P(VersionStories, a_name_that_looks_like_a_hash_says_nothing_by_itself) {
  load('a', "careful");
  load('b', "aaaa");
  EXPECT_NE(refusal([&] { policies().find("aaaa"); }).find("may be any of BBBBBBBBBBBB, AAAAAAAAAAAA"),
            std::string::npos);
  policies().discard(hash_of_letter('b'), "ada@desk");
  EXPECT_NE(refusal([&] { policies().find("aaaa"); }).find("may be any of"), std::string::npos);
}

TEST_P(VersionStories, of_several_that_were_discarded_under_a_name_each_is_known) {
  load('a', "open");
  load('b', "open");
  policies().discard(hash_of_letter('a'), "ada@desk");
  policies().discard(hash_of_letter('b'), "ada@desk");
  EXPECT_NE(refusal([&] { policies().find("open"); }).find("may be any of"), std::string::npos);
}

TEST_P(VersionStories, what_was_changed_from_outside_is_found) {
  Version version;
  version.hash = to_hex(crypto::digest(crypto::Hash::sha256, to_bytes("return {}")));
  version.name = "careful";
  policies().load(version, store_->key().seal(to_bytes("return {}"), version_context(version.hash)));
  const auto broken = [&] {
    std::string all;
    for (const std::string& line : store_->check().broken) all += line + "\n";
    return all;
  };
  policies().use(version.hash, "ada@desk", "");
  EXPECT_EQ(broken().find("policy"), std::string::npos) << broken();
  store_->database().run({"UPDATE uses SET hash = $1", {hash_of_letter('c')}});
  EXPECT_NE(broken().find("which policy is in use was changed from outside"), std::string::npos);
  store_->database().run({"UPDATE uses SET hash = $1", {version.hash}});
  EXPECT_EQ(broken().find("policy"), std::string::npos);
  store_->database().run({"UPDATE versions SET content = $1",
                          {store_->key().seal(to_bytes("return { }"), version_context(version.hash))}});
  EXPECT_NE(broken().find("does not hold what its name says"), std::string::npos);
}

TEST_P(VersionStories, a_use_waits_for_a_run_that_is_just_beginning) {
  load('a', "careful");
  load('b', "open");
  policies().use(hash_of_letter('a'), "ada@desk", "");
  const auto other = open("other");
  std::atomic<bool> used{false};
  std::thread swap;
  store_->database().transact([&] {
    begin_under(*store_, 'a');
    swap = std::thread([&] {
      other->policies().use(hash_of_letter('b'), "bob@desk", "");
      used = true;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    EXPECT_FALSE(used) << "this run's beginning is not durable yet";
  });
  swap.join();
  EXPECT_EQ(cause_of([&] { begin_under(*store_, 'a'); }), "policy");
}

TEST_P(VersionStories, a_store_of_the_format_before_gets_them_when_it_is_brought_up) {
  const std::unique_ptr<Database> old = database();
  before_owners(*old);
  old->run({"DROP TABLE versions", {}});
  old->run({"DROP TABLE uses", {}});
  old->run({"DROP TABLE in_use", {}});
  old->run({"DROP TABLE run_keys", {}});
  old->run({"DROP INDEX runs_by_policy", {}});
  old->run({"DROP INDEX runs_by_bundle", {}});
  old->run({"DROP INDEX runs_by_time", {}});
  for (const char* table : {"canary_runs", "canaries", "proposals"}) old->run({std::string("DROP TABLE ") + table, {}});
  old->run({"UPDATE meta SET number = 1 WHERE name = 'format'", {}});
  StoreOptions wanted = options();
  wanted.migrate = false;
  EXPECT_EQ(cause_of([&] { Store::open(wanted); }), "older");
  store_ = open();
  EXPECT_EQ(format_of(*old), kStoreFormat);
  load('a', "careful");
  policies().use(hash_of_letter('a'), "ada@desk", "");
  EXPECT_NO_THROW(begin_under(*store_, 'a'));
}

TEST_P(VersionStories, a_store_of_format_3_keeps_what_is_in_use_when_canaries_come) {
  load('a', "careful");
  load('b', "open");
  policies().use(hash_of_letter('a'), "ada@desk", "audit of May");
  Lease under_way = begin_under(*store_, 'a');
  const std::unique_ptr<Database> old = database();
  before_owners(*old);
  old->run({"DROP INDEX runs_by_time", {}});
  for (const char* table : {"canary_runs", "canaries", "proposals"}) old->run({std::string("DROP TABLE ") + table, {}});
  old->run({"ALTER TABLE in_use DROP COLUMN canary", {}});
  old->run({"UPDATE meta SET number = 3 WHERE name = 'format'", {}});
  StoreOptions wanted = options();
  wanted.migrate = false;
  EXPECT_EQ(cause_of([&] { Store::open(wanted); }), "older");
  store_ = open();
  EXPECT_EQ(format_of(*old), kStoreFormat);
  EXPECT_EQ(policies().in_use()->reason, "audit of May");
  EXPECT_FALSE(policies().canary());
  EXPECT_EQ(policies().begin_canary(hash_of_letter('b'), kWhole / 2, "ada@desk", "").share, kWhole / 2);
  store_->runs().append(under_way, to_bytes("last"), {RunState::done, {}, {}, {}, {}});
  EXPECT_EQ(policies().canary()->others.all(), 0) << "it began before";
}

INSTANTIATE_TEST_SUITE_P(On, VersionStories, both_engines(), engine_name);

}  // namespace
}  // namespace cw::store
