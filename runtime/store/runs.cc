#include "store/runs.h"

#include <algorithm>

#include "base/error.h"
#include "base/pattern.h"
#include "base/suggest.h"
#include "canaries_private.h"
#include "clock_private.h"
#include "owners_private.h"
#include "providers_private.h"
#include "quotas_private.h"
#include "run_row_private.h"
#include "runs_private.h"
#include "surely_private.h"

namespace cw::store {

namespace {

constexpr size_t kIdSize = 20;

std::string joined(const std::vector<RunRow>& rows) {
  std::string out;
  for (const RunRow& row : rows) out += (out.empty() ? "" : ", ") + row.id;
  return out;
}

[[noreturn]] void raise_no_run(const std::string& id, const std::string& near) {
  throw Error(ErrorKind::usage, "there is no run " + id + near + "; cardwright runs list shows them");
}

}  // namespace

Lease RunsOnDatabase::create(const RunRow& given, ByteView key, ByteView frame, PolicyIs policy,
                             const std::string& bundle, const std::vector<Quota>& quotas) {
  RunRow row = given;
  row.created = row.changed = time_of_day();
  if (row.id.empty()) row.id = new_run_id();
  row.node = node_;
  Lease lease(row.id, 1, length_, margin_);
  const std::chrono::milliseconds sent = boot_time();
  const std::vector<Statement> insert =
      insert_run(row, Holder::self(node_).text(), length_.count(), key, {to_bytes(frame)});
  if (policy == PolicyIs::any && bundle.empty() && quotas.empty() && row.owner.empty()) {
    run_until_known(insert);
  } else {
    surely([&] {
      db_.transact([&] {
        // Each who begins holds them in this order.
        std::vector<Statement> all = insert;
        want_managed(db_, row.owner);
        if (policy == PolicyIs::in_use) want_in_use("policy", {}, row.policy, row.policy_hash, row, all);
        if (!row.owner.empty()) {
          want_in_use("policy", row.owner, row.owner_policy, row.owner_policy_hash, row, all);
        }
        if (!bundle.empty()) {
          const std::string& whose = any_was_in_use(db_, "bundle", row.owner) ? row.owner : "";
          want_in_use("bundle", whose, bundle.substr(0, 12), bundle, row, all);
        }
        want_room(db_, row, quotas);
        db_.run_all(all);
      });
    });
  }
  lease.next = 1;
  lease.renewed(sent);
  renewal_.keep(lease);
  return lease;
}

void RunsOnDatabase::want_in_use(const std::string& kind, const std::string& owner, const std::string& name,
                                 const std::string& hash, const RunRow& row, std::vector<Statement>& begin) {
  const std::string what = scope_of(kind, owner);
  const Result now = db_.run({"SELECT number, canary FROM in_use WHERE what = $1 @shared", {what}});
  const int64_t use = now.rows.empty() ? 0 : number(now.rows[0].at(0));
  if (use == 0) return;  // none ever was, so it is the program's own
  std::optional<Canary> canary;
  if (const int64_t of = number(now.rows[0].at(1)); of != 0) canary = canary_numbered(db_, what, of);
  const bool own = canary && is_canary(subject_of(row.id, row.card_id), canary->hash, canary->share);
  if (canary) begin.push_back(take_part(row.id, what, canary->number, own));
  if (own && canary->hash == hash) return;
  const Result used = db_.run({"SELECT hash FROM uses WHERE what = $1 AND number = $2", {what, use}});
  if (!own && !used.rows.empty() && text(used.rows[0].at(0)) == hash) return;
  // It may be there from a commit that nobody knew the outcome of.
  if (!db_.run({"SELECT id FROM runs WHERE id = $1", {row.id}}).rows.empty()) return;
  throw Error(ErrorKind::store, kind + " " + name + " is in use no more: another came into use meanwhile", {}, kind);
}

void RunsOnDatabase::append(Lease& lease, ByteView content, const RunChange& change) {
  PendingFrame frame;
  frame.run = lease.run();
  frame.fence = lease.fence();
  frame.number = lease.next;
  frame.content = to_bytes(content);
  frame.change = change;
  try {
    group_.write(frame);
  } catch (const Error& error) {
    if (error.cause() == "fenced") lease.ended();
    throw;
  }
  ++lease.next;
  lease.stop_asked = frame.stop_asked;
  lease.counted = frame.counted;
  lease.renewed(frame.sent);
  // The store was away for a while, and is back: the lease is to count from now.
  if (lease.left() < length_ / 2) renew_now(lease);
}

void RunsOnDatabase::renew_now(Lease& lease) {
  const std::chrono::milliseconds sent = boot_time();
  const Result result =
      db_.run({"UPDATE runs SET beat = beat + 1 WHERE id = $1 AND fence = $2", {lease.run(), lease.fence()}});
  if (result.changed == 1) {
    lease.renewed(sent);
  } else {
    lease.ended();
  }
}

RunRow RunsOnDatabase::find(const std::string& id, const std::optional<std::string>& owner) {
  if (id.empty()) throw Error(ErrorKind::usage, "which run? cardwright runs list shows them");
  if (!is_run_id(id)) raise_no_run("\"" + id + "\"", "");
  std::string after = id;  // the first text that does not begin with it
  after.back() = static_cast<char>(after.back() + 1);
  std::vector<RunRow> found;
  for (const Row& row : db_.run({std::string("SELECT ") + kRunColumns + " FROM runs WHERE id >= $1 AND id < $2" +
                                     (owner ? " AND owner = $3" : "") + " ORDER BY id DESC LIMIT 6",
                                 owner ? std::vector<Value>{id, after, *owner} : std::vector<Value>{id, after}})
                            .rows) {
    found.push_back(run_row(row));
  }
  if (found.empty()) raise_no_run(id, did_you_mean(id, near(id, owner)));
  if (found.size() > 1) {
    const bool more = found.size() > 5;
    if (more) found.pop_back();
    throw Error(ErrorKind::usage, "the ids of several runs begin with " + id + ": " + joined(found) +
                                      (more ? " and more" : "") + "; write more of the one that is meant");
  }
  for (const Row& row : db_.run({"SELECT sha256 FROM run_files WHERE run = $1 ORDER BY sha256", {found[0].id}}).rows) {
    found[0].files.push_back(text(row[0]));
  }
  return found[0];
}

std::optional<RunState> RunsOnDatabase::state_of(const std::string& id) {
  const Result found = db_.run({std::string("SELECT ") + kRunColumns + " FROM runs WHERE id = $1", {id}});
  if (found.rows.empty()) return {};
  return run_row(found.rows[0]).state;
}

/// Ids that a person may have meant, as much of them as was written.
std::vector<std::string> RunsOnDatabase::near(const std::string& id, const std::optional<std::string>& owner) {
  std::vector<std::string> out;
  const std::string of = owner ? " WHERE owner = $1" : "";
  for (const Row& row : db_.run({"SELECT id FROM runs" + of + " ORDER BY id DESC LIMIT 1000",
                                 owner ? std::vector<Value>{*owner} : std::vector<Value>{}})
                            .rows) {
    out.push_back(text(row[0]).substr(0, id.size() < kIdSize ? id.size() : kIdSize));
  }
  return out;
}

std::vector<RunRow> RunsOnDatabase::list(const RunFilter& filter) {
  std::string sql = std::string("SELECT ") + kRunColumns + " FROM runs";
  std::vector<Value> values;
  const auto where = [&](const char* column, std::string value) {
    values.emplace_back(std::move(value));
    sql += std::string(values.size() == 1 ? " WHERE " : " AND ") + column + " = $" + std::to_string(values.size());
  };
  const bool pattern = filter.flow.find('*') != std::string::npos;
  if (filter.state) where("state", std::string(name_of(*filter.state)));
  if (!filter.card_id.empty()) where("card_id", filter.card_id);
  if (filter.owner) where("owner", *filter.owner);
  if (!filter.flow.empty() && !pattern) where("flow", filter.flow);
  sql += " ORDER BY id DESC";
  if (filter.limit > 0 && !pattern) {
    values.emplace_back(filter.limit);
    sql += " LIMIT $" + std::to_string(values.size());
  }
  std::vector<RunRow> out;
  for (const Row& row : db_.run({sql, values}).rows) {
    RunRow run = run_row(row);
    if (pattern && !matches_pattern(filter.flow, run.flow)) continue;
    out.push_back(std::move(run));
    if (filter.limit > 0 && out.size() == static_cast<size_t>(filter.limit)) break;
  }
  return out;
}

std::vector<Bytes> RunsOnDatabase::frames(const std::string& id) {
  const Result run = db_.run({"SELECT frames FROM runs WHERE id = $1", {id}});
  if (run.rows.empty()) raise_no_run(id, did_you_mean(id, near(id)));
  std::vector<Bytes> out;
  const auto raise_gap = [&] {
    throw Error(ErrorKind::store,
                "the journal of run " + id + " has no frame " + std::to_string(out.size()) +
                    ": the store was changed from outside; bring back a copy of it",
                {}, "corrupt");
  };
  for (Row& row : db_.run({"SELECT number, content FROM frames WHERE run = $1 ORDER BY number", {id}}).rows) {
    if (number(row[0]) != static_cast<int64_t>(out.size())) raise_gap();
    out.push_back(bytes(row[1]));
  }
  if (static_cast<int64_t>(out.size()) < number(run.rows[0][0])) raise_gap();
  return out;
}

Bytes RunsOnDatabase::key(const std::string& id) {
  const Result found = db_.run({"SELECT key FROM runs WHERE id = $1", {id}});
  if (found.rows.empty()) raise_no_run(id, did_you_mean(id, near(id)));
  return bytes(found.rows[0][0]);
}

std::vector<KeyHolder> RunsOnDatabase::holders_of(const std::string& set) {
  std::vector<KeyHolder> out;
  const size_t mark = set.find('/');
  const bool owned = mark != std::string::npos;
  const std::string of_owner = owned ? " AND run IN (SELECT id FROM runs WHERE owner = $2)" : "";
  const std::string name = owned ? set.substr(mark + 1) : set;
  for (const Row& row :
       db_.run({"SELECT run, name, version FROM run_keys WHERE name = $1" + of_owner + " ORDER BY run, version",
                owned ? std::vector<Value>{name, set.substr(0, mark)} : std::vector<Value>{name}})
           .rows) {
    out.push_back({text(row[0]), {text(row[1]), number(row[2])}});
  }
  return out;
}

std::vector<NamedKeys> RunsOnDatabase::keys_of(const std::string& id) {
  std::vector<NamedKeys> out;
  for (const Row& row :
       db_.run({"SELECT name, version FROM run_keys WHERE run = $1 ORDER BY name, version", {id}}).rows) {
    out.push_back({text(row[0]), number(row[1])});
  }
  return out;
}

void RunsOnDatabase::ask_to_stop(const std::string& id) {
  const Result found = db_.run({"UPDATE runs SET stop_asked = 1 WHERE id = $1", {id}});
  if (found.changed == 0) raise_no_run(id, did_you_mean(id, near(id)));
}

void RunsOnDatabase::put(const RunRow& given, ByteView key, const std::vector<Bytes>& frames) {
  RunRow row = given;
  if (!is_over(row.state)) row.state = RunState::stopped;
  if (row.id.size() != kIdSize || !is_run_id(row.id)) {
    throw Error(ErrorKind::usage, "\"" + row.id + "\" is no id of a run");
  }
  const bool inserted = run_until_known(insert_run(row, "", length_.count(), key, frames))[0].changed == 1;
  // Sealing makes other bytes each time, so the same ones are those of an earlier try.
  if (!inserted && this->key(row.id) != to_bytes(key)) {
    throw Error(ErrorKind::usage, "run " + row.id + " is in the store " + db_.where() + " already");
  }
}

std::vector<Result> RunsOnDatabase::run_until_known(const std::vector<Statement>& attempt) {
  const std::chrono::milliseconds until = boot_time() + kServerPatience;
  for (;;) {
    try {
      return db_.run_all(attempt);
    } catch (const Error& error) {
      if (error.cause() != "unknown" || boot_time() > until) throw;
    }
  }
}

}  // namespace cw::store
