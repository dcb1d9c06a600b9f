#include "store/retention.h"

#include <set>

#include "clock_private.h"
#include "surely_private.h"

namespace cw::store {

namespace {

// Of all: $1 is the time before which it was over.

constexpr const char* kRuns =
    "FROM runs WHERE state IN ('done', 'failed', 'stopped') AND changed < $1 AND NOT EXISTS "
    "(SELECT 1 FROM outbox WHERE outbox.run = runs.id AND delivered = 0)";

// A run that goes on may hand over the same result again, and it is to be known then.
constexpr const char* kParcels =
    "FROM outbox WHERE delivered = 1 AND due < $1 AND NOT EXISTS "
    "(SELECT 1 FROM runs WHERE runs.id = outbox.run AND state NOT IN ('done', 'failed', 'stopped'))";

// State 0 is open: it may count again when it is settled.
constexpr const char* kCharges =
    "FROM charges WHERE state <> 0 AND time < $1 AND NOT EXISTS "
    "(SELECT 1 FROM charge_accounts WHERE charge_accounts.id = charges.id AND counts = 1)";

constexpr const char* kRotations = "FROM rotations WHERE decided <> '' AND begun < $1";

static_assert(static_cast<int>(Outcome::open) == 0);

int64_t count(Database& db, const std::string& from, int64_t before) {
  return number(db.run({"SELECT COUNT(*) " + from, {before}}).rows.at(0).at(0));
}

/// In the transaction that is open. False: it is gone.
bool forget_run(Store& store, const Row& id, const std::string& who, const std::string& age) {
  const auto results = store.database().run_all({{"DELETE FROM frames WHERE run = $1", id},
                                                 {"DELETE FROM run_files WHERE run = $1", id},
                                                 {"DELETE FROM run_keys WHERE run = $1", id},
                                                 {"DELETE FROM canary_runs WHERE run = $1", id},
                                                 {"DELETE FROM runs WHERE id = $1", id}});
  if (results.at(4).changed == 0) return false;
  store.audit().add({who, "run forgotten", text(id.at(0)), {{"older than", age}}});
  return true;
}

int64_t forget_runs(Store& store, int64_t before, const std::string& who, const std::string& age) {
  Database& db = store.database();
  std::set<std::string> gone;
  // A few at a time, so that runs which go on can write in between.
  for (;;) {
    const Result over = db.run({std::string("SELECT id ") + kRuns + " ORDER BY id LIMIT 100", {before}});
    if (over.rows.empty()) return static_cast<int64_t>(gone.size());
    surely([&] {
      db.transact([&] {
        for (const Row& id : over.rows) {
          if (forget_run(store, id, who, age)) gone.insert(text(id.at(0)));
        }
      });
    });
  }
}

void forget_rows(Store& store, int64_t before, const std::string& who, const std::string& age, Forgettable& what) {
  Database& db = store.database();
  surely([&] {
    db.transact([&] {
      const auto results =
          db.run_all({{std::string("DELETE ") + kParcels, {before}},
                      {std::string("DELETE FROM charge_accounts WHERE id IN (SELECT id ") + kCharges + ")", {before}},
                      {std::string("DELETE ") + kCharges, {before}},
                      {std::string("DELETE ") + kRotations, {before}}});
      const int64_t parcels = results.at(0).changed, charges = results.at(2).changed, rotations = results.at(3).changed;
      if (parcels + charges + rotations == 0) return;  // none, or an earlier try has done it
      what.parcels = parcels;
      what.charges = charges;
      what.rotations = rotations;
      store.audit().add({who,
                         "ledgers forgotten",
                         "",
                         {{"older than", age},
                          {"parcels", std::to_string(parcels)},
                          {"charges", std::to_string(charges)},
                          {"rotations", std::to_string(rotations)}}});
    });
  });
}

/// A file that was put in a moment ago is for a run that will be made in a moment.
void forget_files(Database& db) {
  constexpr int64_t kDay = int64_t{24} * 3600 * 1000;
  surely([&] {
    db.run(
        {"DELETE FROM files WHERE used < $1 AND NOT EXISTS "
         "(SELECT 1 FROM run_files WHERE run_files.sha256 = files.sha256)",
         {time_of_day() - kDay}});
  });
}

}  // namespace

Forgettable forgettable(Store& store, int64_t before) {
  Database& db = store.database();
  Forgettable out;
  out.runs = count(db, kRuns, before);
  out.parcels = count(db, kParcels, before);
  out.charges = count(db, kCharges, before);
  out.rotations = count(db, kRotations, before);
  return out;
}

Forgotten forget(Store& store, int64_t before, const std::string& who, const std::string& age) {
  Forgotten out;
  out.what.runs = forget_runs(store, before, who, age);
  forget_rows(store, before, who, age, out.what);
  forget_files(store.database());
  out.off_disk = store.database().purge();
  return out;
}

}  // namespace cw::store
