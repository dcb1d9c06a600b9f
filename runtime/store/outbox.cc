#include "store/outbox.h"

#include <map>
#include <mutex>

#include "base/error.h"
#include "clock_private.h"
#include "store/ledgers.h"
#include "surely_private.h"

namespace cw::store {

namespace {

// $1: now, $2: how long it would be held. What is due, or held, later than can be was written by a clock that ran
// ahead.
constexpr int64_t kLatest = int64_t{3600} * 1000;  // no pause between two tries is longer
constexpr const char* kIsDue =
    "delivered = 0 AND given_up = 0 AND (due <= $1 OR due > $1 + $3) AND (held <= $1 OR held > $1 + 2 * $2)";

constexpr const char* kColumns = "parcel, run, name, url, call, created, due, tries, error, delivered, given_up, held";

Parcel parcel_in(const Row& row) {
  Parcel parcel;
  parcel.key = text(row.at(0));
  parcel.run = text(row.at(1));
  parcel.name = text(row.at(2));
  parcel.url = text(row.at(3));
  parcel.call = bytes(row.at(4));
  parcel.created = number(row.at(5));
  parcel.due = number(row.at(6));
  parcel.tries = number(row.at(7));
  parcel.error = text(row.at(8));
  parcel.delivered = number(row.at(9)) != 0;
  parcel.given_up = number(row.at(10)) != 0;
  return parcel;
}

class OutboxOnDatabase : public Outbox {
 public:
  explicit OutboxOnDatabase(Database& database) : database_(database) {}

  void put(const Parcel& parcel) override {
    change(
        {"INSERT INTO outbox (parcel, run, name, url, call, created, due, tries, error, delivered, given_up, held) "
         "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0) ON CONFLICT DO NOTHING",
         {parcel.key, parcel.run, parcel.name, parcel.url, parcel.call, parcel.created, parcel.due, parcel.tries,
          parcel.error, int64_t{parcel.delivered}, int64_t{parcel.given_up}}});
  }

  std::optional<Parcel> take(int64_t now, int64_t hold_ms, const std::string& run) override {
    for (;;) {
      const Result due = database_.run({std::string("SELECT parcel FROM outbox WHERE ") + kIsDue +
                                            (run.empty() ? "" : " AND run = $4") + " ORDER BY due, parcel LIMIT 1",
                                        run.empty() ? Row{now, hold_ms, kLatest} : Row{now, hold_ms, kLatest, run}});
      if (due.rows.empty()) return {};
      // Another node may have been faster with this one: then it is held, and the next is looked for.
      const Result taken =
          database_.run({std::string("UPDATE outbox SET held = $1 + $2, tries = tries + 1 WHERE parcel = $4 AND ") +
                             kIsDue + " RETURNING " + kColumns,
                         {now, hold_ms, kLatest, due.rows[0].at(0)}});
      if (taken.rows.empty()) continue;
      Parcel parcel = parcel_in(taken.rows[0]);
      const std::lock_guard lock(mutex_);
      held_[parcel.key] = now + hold_ms;
      return parcel;
    }
  }

  void delivered(const std::string& key) override {
    let_go(key);
    change(
        {"UPDATE outbox SET delivered = 1, given_up = 0, error = '', call = $2, held = 0, due = $3 WHERE parcel = $1",
         {key, Bytes(), time_of_day()}});
  }

  void failed(const std::string& key, int64_t due, const std::string& error, bool give_up) override {
    // A hold that ends later is another's.
    change(
        {"UPDATE outbox SET due = $2, error = $3, given_up = $4, held = 0 WHERE parcel = $1 AND delivered = 0 AND "
         "held = $5",
         {key, due, error, int64_t{give_up}, let_go(key)}});
  }

  std::vector<Parcel> list(bool all) override {
    const Result found = database_.run({std::string("SELECT ") + kColumns + " FROM outbox" +
                                            (all ? "" : " WHERE delivered = 0") + " ORDER BY created, parcel",
                                        {}});
    std::vector<Parcel> parcels;
    for (const Row& row : found.rows) parcels.push_back(parcel_in(row));
    return parcels;
  }

  Left left(const std::string& run) override {
    const Result found =
        database_.run({"SELECT COUNT(*), COUNT(CASE WHEN given_up = 1 THEN 1 END), COALESCE(MIN(CASE WHEN given_up = 1 "
                       "THEN NULL WHEN held > due "
                       "THEN held ELSE due END), 0) FROM outbox WHERE delivered = 0" +
                           std::string(run.empty() ? "" : " AND run = $1"),
                       run.empty() ? Row{} : Row{run}});
    const Row& row = found.rows.at(0);
    Left left;
    left.given_up = number(row.at(1));
    left.waiting = number(row.at(0)) - left.given_up;
    left.next = number(row.at(2));
    return left;
  }

  void retry(const std::string& key) override {
    // One that is being tried stays held.
    const Result again = database_.run(
        {"UPDATE outbox SET given_up = 0, due = $2 WHERE parcel = $1 AND delivered = 0", {key, time_of_day()}});
    if (again.changed == 0) {
      throw Error(ErrorKind::usage, "trying parcel " + key +
                                        " again: none with that key waits or was given up; see them with: cardwright "
                                        "outbox list");
    }
  }

 private:
  void change(const Statement& statement) {
    surely([&] { database_.run(statement); });
  }

  /// Until when it was taken here; 0: it was not.
  int64_t let_go(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = held_.find(key);
    if (found == held_.end()) return 0;
    const int64_t until = found->second;
    held_.erase(found);
    return until;
  }

  Database& database_;
  std::mutex mutex_;
  std::map<std::string, int64_t> held_{};
};

}  // namespace

std::unique_ptr<Outbox> make_outbox(Database& database) { return std::make_unique<OutboxOnDatabase>(database); }

}  // namespace cw::store
