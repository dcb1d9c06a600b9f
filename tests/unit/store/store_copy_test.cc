#include "store/store_copy.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "sample.h"
#include "store/schema.h"
#include "stores.h"

namespace cw::store {
namespace {

bool always_on() { return true; }

std::string shown(const Value& value) {
  if (const auto* whole = std::get_if<int64_t>(&value)) return std::to_string(*whole);
  if (const auto* word = std::get_if<std::string>(&value)) return "'" + *word + "'";
  if (const auto* data = std::get_if<Bytes>(&value)) return to_hex(*data);
  return "nothing";
}

/// A line for each row of each table, whatever the engine.
std::string everything_in(Database& db) {
  std::set<std::string> lines;
  for (const std::string& table : db.tables()) {
    for (const Row& row : db.run({"SELECT * FROM " + table, {}}).rows) {
      std::string line = table + ":";
      for (const Value& value : row) line += " " + shown(value);
      lines.insert(line + "\n");
    }
  }
  std::string out;
  for (const std::string& line : lines) out += line;
  return out;
}

/// As after it was made.
void empty(Database& db) {
  for (const char* table :
       {"canary_runs", "canaries",     "proposals",    "frames",     "run_files",     "run_keys",
        "runs",        "files",        "audit",        "audit_head", "audit_roots",   "charge_accounts",
        "charges",     "budget_marks", "outbox",       "rotations",  "versions",      "uses",
        "cards",       "authorities",  "certificates", "domains",    "messages_seen", "provider_states",
        "consents",    "owners"}) {
    db.run({std::string("DELETE FROM ") + table, {}});
  }
  db.run({"DELETE FROM in_use WHERE what LIKE '%/%'", {}});
}

class Copies : public OnStore {
 protected:
  /// What a store has when something of each kind is in it.
  std::shared_ptr<Store> filled() {
    auto store = open();
    fill(*store);
    return store;
  }
  std::filesystem::path exported(Store& store) {
    const auto file = folder() / "copy";
    std::ofstream out(file, std::ios::binary);
    EXPECT_TRUE(export_store(store, out, always_on));
    return file;
  }
  /// A store that is not there yet, on SQLite.
  StoreOptions other_place(const std::string& name = "other.db") const {
    StoreOptions out = options();
    out.where = folder() / name;
    return out;
  }
  std::string import_refusal(const StoreOptions& into, const std::filesystem::path& file) {
    return refusal([&] { import_store(into, file); });
  }
};

TEST_P(Copies, have_all_that_the_store_has) {
  const auto store = filled();
  const std::string all = everything_in(store->database());
  for (const std::string& table : store->database().tables()) {
    EXPECT_NE(all.find(table + ":"), std::string::npos) << "nothing in " << table;
  }
  const auto file = exported(*store);
  const CopyCounts counts = import_store(other_place(), file);
  EXPECT_EQ(counts.runs, 2);
  EXPECT_EQ(counts.held, 1);
  EXPECT_EQ(counts.files, 1);
  EXPECT_EQ(counts.audit_records, 3);
  const auto copy = Store::open(other_place());
  EXPECT_EQ(everything_in(copy->database()), all);
  EXPECT_EQ(copy->audit().verify(store->audit().roots()).broken, std::nullopt);
  EXPECT_EQ(copy->audit().add({"ada@desk", "store imported", "", {}}).number, 4);
}

TEST_P(Copies, go_back_to_where_they_came_from) {
  const auto store = filled();
  const std::string before = everything_in(store->database());
  import_store(other_place(), exported(*store));
  const auto copy = Store::open(other_place());
  const auto file = exported(*copy);
  empty(store->database());
  StoreOptions back = options();
  import_store(back, file);
  EXPECT_EQ(everything_in(Store::open(back)->database()), before);
}

TEST_P(Copies, are_as_of_one_moment) {
  const auto store = filled();
  const auto other = open("there");
  std::ostringstream out;
  bool added = false;
  const auto counts = export_store(*store, out, [&] {
    if (!added) other->audit().add({"ada@desk", "meanwhile", "", {}});
    added = true;
    return true;
  });
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->audit_records, 3);
  EXPECT_EQ(store->audit().size(), 4);
}

TEST_P(Copies, that_are_stopped_are_none) {
  const auto store = filled();
  std::ostringstream out;
  EXPECT_FALSE(export_store(*store, out, [] { return false; }));
  store->audit().add({"ada@desk", "goes on", "", {}});
}

TEST_P(Copies, that_are_cut_short_are_refused_wherever_they_are_cut) {
  const auto store = filled();
  const Bytes whole = read_file(exported(*store));
  const auto file = folder() / "cut";
  for (size_t size = 0; size < whole.size(); size += 1 + size / 64) {
    write_file_atomically(file, ByteView(whole).first(size), true);
    EXPECT_EQ(import_refusal(other_place(), file).find("usage: cannot import " + file.string()), 0u) << size;
  }
  EXPECT_FALSE(std::filesystem::exists(other_place().where));
}

TEST_P(Copies, with_a_bit_that_flipped_are_refused) {
  const auto store = filled();
  Bytes content = read_file(exported(*store));
  const auto file = folder() / "flipped";
  for (size_t at = 0; at < content.size(); at += 1 + at / 64) {
    content[at] ^= 0x20;
    write_file_atomically(file, content, true);
    EXPECT_EQ(import_refusal(other_place(), file).find("usage: cannot import " + file.string()), 0u) << at;
    content[at] ^= 0x20;
  }
  content.push_back(0);
  write_file_atomically(file, content, true);
  EXPECT_NE(import_refusal(other_place(), file).find("checksum is wrong"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(other_place().where));
}

TEST_P(Copies, need_the_key_of_the_store_they_came_from) {
  const auto store = filled();
  const auto file = exported(*store);
  StoreOptions into = other_place();
  into.key = folder() / "other.key";
  EXPECT_NE(import_refusal(into, file).find("there is no " + into.key->string()), std::string::npos);
  write_file_atomically(*into.key, view(std::string(64, '8')), true);
  EXPECT_NE(import_refusal(into, file).find("under another key"), std::string::npos);
}

TEST_P(Copies, go_into_an_empty_store_only) {
  const auto store = filled();
  const std::string before = everything_in(store->database());
  const auto file = exported(*store);
  EXPECT_NE(import_refusal(options(), file).find("it is not empty"), std::string::npos);
  EXPECT_EQ(everything_in(store->database()), before);
}

INSTANTIATE_TEST_SUITE_P(On, Copies, both_engines(), engine_name);

}  // namespace
}  // namespace cw::store
