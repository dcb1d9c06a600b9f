#include "store/store.h"

#include <gtest/gtest.h>

#include "crypto/digest.h"
#include "processes.h"
#include "store/schema.h"
#include "stores.h"

namespace cw::store {
namespace {

std::string sha256(ByteView content) { return to_hex(crypto::digest(crypto::Hash::sha256, content)); }

class Stores : public OnStore {
 protected:
  std::string open_refusal(const StoreOptions& wanted) {
    return refusal([&] { Store::open(wanted); });
  }
};

TEST_P(Stores, keep_everything_when_they_are_opened_again) {
  const Bytes content = crypto::random_bytes(50'000);
  std::string run;
  Bytes sealed;
  {
    const auto store = open();
    store->put_file(sha256(content), store->key().seal(content, file_context(sha256(content))));
    store->put_file(sha256(content), to_bytes("the first one stays"));
    run = begin_sealed(*store).run();
    sealed = store->key().seal(to_bytes("hello"), "test");
    EXPECT_EQ(store->node(), "here");
  }
  const auto store = open();
  EXPECT_EQ(store->key().open(store->file(sha256(content)).value(), file_context(sha256(content))), content);
  EXPECT_FALSE(store->file(sha256({})));
  const crypto::SealingKey key = store->key().open_key(store->runs().key(run), run_key_context(run));
  EXPECT_EQ(key.open(store->runs().frames(run).at(0), frame_context(0)), to_bytes("first"));
  EXPECT_EQ(store->key().open(sealed, "test"), to_bytes("hello"));
  const Store::Check check = store->check();
  EXPECT_EQ(check.format, kStoreFormat);
  EXPECT_EQ(formats().back().number, kStoreFormat);
  EXPECT_EQ(check.runs, 1);
  EXPECT_EQ(check.frames, 1);
  EXPECT_EQ(check.files, 1);
  std::vector<std::string> broken = check.broken;
  std::erase_if(broken, [](const std::string& line) { return line.find("fsync is off") != std::string::npos; });
  EXPECT_EQ(broken, std::vector<std::string>{});
}

TEST_P(Stores, open_with_their_own_key_only) {
  open();
  StoreOptions other = options();
  other.key = folder() / "other.key";
  write_file_atomically(*other.key, view(std::string(64, '8')), true);
  EXPECT_EQ(cause_of([&] { Store::open(other); }), "key");
  EXPECT_NE(open_refusal(other).find("sealed under another key than the one in " + other.key->string()),
            std::string::npos);
  other.key = folder() / "none.key";
  EXPECT_EQ(open_refusal(other).find("usage: cannot read "), 0u);
  other.key.reset();
  std::filesystem::remove(folder() / "store.key");  // where it would be looked for
  EXPECT_EQ(open_refusal(other).find("usage: "), 0u) << "no key is made for a store that has one";
}

TEST_P(Stores, are_made_once_by_processes_that_start_together) {
  StoreOptions wanted = options();
  if (!on_postgres()) {
    wanted.key.reset();
    std::filesystem::remove(folder() / "store.key");
  }
  std::vector<std::unique_ptr<Child>> children;
  for (int i = 0; i < 6; ++i) {
    children.push_back(std::make_unique<Child>([&](const Pipes& pipes) {
      pipes.hear_parent();
      pipes.tell_parent(begin(*Store::open(wanted)).run());
      return 0;
    }));
  }
  for (const auto& child : children) child->tell("go");
  std::vector<std::string> runs;
  for (const auto& child : children) {
    runs.push_back(child->hear());
    EXPECT_EQ(child->wait(), 0);
  }
  const auto store = Store::open(wanted);
  for (const std::string& run : runs) {
    EXPECT_NO_THROW(store->key().open_key(store->runs().key(run), run_key_context(run))) << run;
  }
}

TEST_P(Stores, of_a_newer_format_are_left_alone) {
  open()->database().run({"UPDATE meta SET number = 99 WHERE name = 'format'", {}});
  EXPECT_EQ(cause_of([&] { open(); }), "newer");
  const std::string said = open_refusal(options());
  EXPECT_NE(said.find("it has format 99, written by a newer cardwright; this one reads formats up to " +
                      std::to_string(kStoreFormat)),
            std::string::npos)
      << said;
}

TEST_P(Stores, that_are_not_there_are_made_only_where_that_is_wanted) {
  StoreOptions wanted = options();
  wanted.make = false;
  EXPECT_NE(open_refusal(wanted), "");
  open();
  EXPECT_EQ(open_refusal(wanted), "");
  wanted.margin = wanted.lease;
  EXPECT_EQ(open_refusal(wanted), "usage: the margin of a lease has to be less than half of its length");
  wanted.where = "";
  wanted.margin = std::chrono::milliseconds(1);
  EXPECT_EQ(open_refusal(wanted).find("usage: the store has no location"), 0u);
}

TEST_P(Stores, say_what_is_wrong_with_rows_that_somebody_changed) {
  const auto store = open();
  const Bytes content = to_bytes("a bundle");
  const std::string changed = sha256(content), wrong = sha256({});
  store->put_file(changed, to_bytes("not sealed"));
  store->put_file(wrong, store->key().seal(content, file_context(wrong)));
  std::vector<std::string> runs;
  for (int i = 0; i < 5; ++i) {
    Lease lease = begin_sealed(*store);
    store->runs().append(lease, next_frame(*store, lease, "second"));
    store->runs().append(lease, next_frame(*store, lease, "third"));
    runs.push_back(lease.run());
  }
  const auto change = [&](const char* sql, const std::string& run) { store->database().run({sql, {run}}); };
  change("UPDATE runs SET state = 'nonsense' WHERE id = $1", runs[0]);
  change("DELETE FROM frames WHERE run = $1 AND number = 1", runs[1]);
  change("DELETE FROM frames WHERE run = $1 AND number = 2", runs[2]);
  store->database().run({"UPDATE runs SET key = $2 WHERE id = $1", {runs[3], crypto::random_bytes(60)}});
  change("INSERT INTO run_files (run, sha256) VALUES ($1, 'NONE')", runs[4]);
  store->database().run(
      {"UPDATE frames SET content = $2 WHERE run = $1 AND number = 1", {runs[4], crypto::random_bytes(60)}});

  EXPECT_EQ(cause_of([&] { store->runs().find(runs[0]); }), "corrupt");
  EXPECT_EQ(cause_of([&] { store->runs().frames(runs[1]); }), "corrupt");
  EXPECT_EQ(store->file(changed), to_bytes("not sealed"));
  std::string all;
  for (const std::string& line : store->check().broken) all += line + "\n";
  for (const std::string& line :
       {"run " + runs[0] + " is in a state that is none", "the journal of run " + runs[1] + " has no frame 1",
        "the journal of run " + runs[2] + " has no frame 2", "the key of run " + runs[3] + " does not open",
        "frame 1 of run " + runs[4] + " does not open",
        "run " + runs[4] + " needs file NONE, which is not in the store",
        "cannot open what is sealed as \"file " + changed, "file " + wrong + " holds something else"}) {
    EXPECT_NE(all.find(line), std::string::npos) << line << "\nis not in\n" << all;
  }
}

INSTANTIATE_TEST_SUITE_P(On, Stores, both_engines(), engine_name);

}  // namespace
}  // namespace cw::store
