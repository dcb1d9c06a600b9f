#include <algorithm>

#include "canaries_private.h"

namespace cw::store {

namespace {

constexpr const char* kColumns =
    "SELECT number, hash, share, begun, begun_by, reason, good, bad, others_good, others_bad, ended, ended_by, how, "
    "why "
    "FROM canaries WHERE what = $1";

Canary canary_of(const Row& row) {
  Canary out;
  out.number = number(row.at(0));
  out.hash = text(row.at(1));
  out.share = number(row.at(2));
  out.begun = number(row.at(3));
  out.by = text(row.at(4));
  out.reason = text(row.at(5));
  out.own = {number(row.at(6)), number(row.at(7))};
  out.others = {number(row.at(8)), number(row.at(9))};
  out.ended = number(row.at(10));
  out.ended_by = text(row.at(11));
  out.how = text(row.at(12));
  out.why = text(row.at(13));
  return out;
}

std::optional<Canary> one_of(const Result& found) {
  if (found.rows.empty()) return {};
  return canary_of(found.rows[0]);
}

}  // namespace

std::vector<Canary> canaries_of(Database& db, const std::string& what) {
  std::vector<Canary> out;
  for (const Row& row : db.run({std::string(kColumns) + " ORDER BY number DESC", {what}}).rows) {
    out.push_back(canary_of(row));
  }
  return out;
}

std::optional<Canary> canary_numbered(Database& db, const std::string& what, int64_t number) {
  return one_of(db.run({std::string(kColumns) + " AND number = $2", {what, number}}));
}

std::optional<Canary> canary_under_way(Database& db, const std::string& what) {
  return one_of(db.run({std::string(kColumns) + " AND number = (SELECT canary FROM in_use WHERE what = $1)", {what}}));
}

void begin_canary(Database& db, const std::string& what, const Canary& canary) {
  db.run(
      {"INSERT INTO canaries (what, number, hash, share, begun, begun_by, reason, good, bad, others_good, others_bad, "
       "ended, ended_by, how, why) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, 0, 0, '', '', '')",
       {what, canary.number, canary.hash, canary.share, canary.begun, canary.by, canary.reason}});
  db.run({"UPDATE in_use SET canary = $2 WHERE what = $1", {what, canary.number}});
}

void change_share(Database& db, const std::string& what, const Canary& canary, int64_t share) {
  db.run({"UPDATE canaries SET share = $3 WHERE what = $1 AND number = $2", {what, canary.number, share}});
}

void end_canary(Database& db, const std::string& what, const Canary& canary) {
  db.run({"UPDATE in_use SET canary = 0 WHERE what = $1", {what}});
  db.run({"UPDATE canaries SET ended = $3, ended_by = $4, how = $5, why = $6 WHERE what = $1 AND number = $2",
          {what, canary.number, canary.ended, canary.ended_by, canary.how, canary.why}});
}

Statement take_part(const std::string& run, const std::string& what, int64_t number, bool is_canary) {
  return {"INSERT INTO canary_runs (run, what, number, is_canary) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
          {run, what, number, int64_t{is_canary}}};
}

bool count_outcome(Database& db, const std::string& run, RunState state) {
  Result parts = db.run({"DELETE FROM canary_runs WHERE run = $1 RETURNING what, number, is_canary", {run}});
  if (state == RunState::stopped) return false;
  const bool good = state == RunState::done;
  std::sort(parts.rows.begin(), parts.rows.end());  // each who ends a run takes them in this order
  for (const Row& part : parts.rows) {
    const bool own = number(part.at(2)) != 0;
    const std::string column = own ? (good ? "good" : "bad") : (good ? "others_good" : "others_bad");
    db.run({"UPDATE canaries SET " + column + " = " + column + " + 1 WHERE what = $1 AND number = $2 AND ended = 0",
            {part.at(0), part.at(1)}});
  }
  return !parts.rows.empty();
}

}  // namespace cw::store
