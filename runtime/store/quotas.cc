#include <algorithm>

#include "base/error.h"
#include "base/pattern.h"
#include "base/utc_text.h"
#include "clock_private.h"
#include "quotas_private.h"

namespace cw::store {

namespace {

bool counts(const Quota& quota, const std::string& flow) {
  return std::any_of(quota.flows.begin(), quota.flows.end(),
                     [&](const std::string& pattern) { return matches_pattern(pattern, flow); });
}

/// Rows of flow and number, of those that the quota counts.
int64_t sum(const Result& by_flow, const Quota& quota) {
  int64_t out = 0;
  for (const Row& row : by_flow.rows) {
    if (counts(quota, text(row.at(0)))) out += number(row.at(1));
  }
  return out;
}

Statement begun_since(const std::string& what, const std::string& order, const Quota& quota, int64_t since) {
  const std::string sql = "SELECT " + what + " FROM runs WHERE created > $1";
  if (quota.owner) return {sql + " AND owner = $2 " + order, {since, *quota.owner}};
  return {sql + " " + order, {since}};
}

int64_t used(Database& db, const Quota& quota, int64_t since) {
  if (quota.window == 0) {
    // One that nobody holds is not at work: its device went silent, or its process left it.
    const std::string at_work =
        "SELECT flow, COUNT(*) FROM runs WHERE (state = 'waiting' OR (state = 'running' AND holder <> ''))";
    return sum(db.run(quota.owner ? Statement{at_work + " AND owner = $1 GROUP BY flow", {*quota.owner}}
                                  : Statement{at_work + " GROUP BY flow", {}}),
               quota);
  }
  return sum(db.run(begun_since("flow, COUNT(*)", "GROUP BY flow", quota, since)), quota);
}

/// When so many have left the window that one more may begin.
int64_t room_at(Database& db, const Quota& quota, int64_t since, int64_t used) {
  int64_t to_leave = used - quota.runs + 1;
  for (const Row& row : db.run(begun_since("flow, created", "ORDER BY created", quota, since)).rows) {
    if (counts(quota, text(row.at(0))) && --to_leave == 0) return number(row.at(1)) + quota.window;
  }
  return since + 2 * quota.window;
}

}  // namespace

void want_room(Database& db, const RunRow& row, const std::vector<Quota>& quotas) {
  const bool any = std::any_of(quotas.begin(), quotas.end(), [&](const Quota& it) { return counts(it, row.flow); });
  if (!any) return;
  db.lock("quotas");
  // It may be there from a commit that nobody knew the outcome of.
  if (!db.run({"SELECT id FROM runs WHERE id = $1", {row.id}}).rows.empty()) return;
  for (const Quota& quota : quotas) {
    if (!counts(quota, row.flow)) continue;
    const int64_t since = time_of_day() - quota.window;
    const int64_t begun = used(db, quota, since);
    if (begun < quota.runs) continue;
    // How many others have begun is not for an owner to know.
    const std::string why = !row.owner.empty() && !quota.owner ? std::string("it is used up; try again later")
                            : quota.window == 0
                                ? std::to_string(begun) + " are under way; when one of them is over, the next may begin"
                                : std::to_string(begun) + " began; from " + utc_text(room_at(db, quota, since, begun)) +
                                      " on the next may begin";
    throw Error(ErrorKind::policy,
                "flow " + row.flow + " may not begin under policy " + row.policy + ": " + quota.says + ", and " + why,
                {}, "quota");
  }
}

}  // namespace cw::store
