#include "store/versions.h"

#include <algorithm>

#include "base/error.h"
#include "base/suggest.h"
#include "canaries_private.h"
#include "clock_private.h"
#include "owners_private.h"
#include "providers_private.h"
#include "store/ledgers.h"
#include "surely_private.h"

namespace cw::store {

namespace {

constexpr size_t kShortest = 4;  // digits of a hash that name it

bool is_hash(const std::string& text) {
  return text.size() >= kShortest && text.size() <= 64 &&
         text.find_first_not_of("0123456789ABCDEF") == std::string::npos;
}

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

std::string shown(const Version& version) { return version.name + " " + version.hash.substr(0, 12); }

class VersionsOnDatabase : public Versions {
 public:
  /// `column`: of runs, with the version that each began under.
  VersionsOnDatabase(Database& database, Audit& audit, std::string what, const std::string& owner, std::string column)
      : db_(database),
        audit_(audit),
        what_(std::move(what)),
        owner_(owner),
        scope_(scope_of(what_, owner)),
        column_(std::move(column)) {}

  bool load(const Version& version, ByteView sealed) override {
    const int64_t now = time_of_day();
    bool is_new = false;
    bool tried = false;
    change([&] {
      want_managed(db_, owner_);
      const std::vector<Version> there = select(" AND hash = $2", {scope_, version.hash});
      // Loaded by this very call: the server went away before it could say so, and the change is tried again.
      const bool ours = tried && !there.empty() && there[0].loaded == now && there[0].loaded_by == version.loaded_by;
      is_new = there.empty() || there[0].discarded != 0 || ours;
      tried = true;
      if (there.empty()) {
        db_.run(
            {"INSERT INTO versions (what, hash, name, origin, content, loaded, loaded_by, discarded) "
             "VALUES ($1, $2, $3, $4, $5, $6, $7, 0)",
             {scope_, version.hash, version.name, version.origin, to_bytes(sealed), now, version.loaded_by}});
      } else if (there[0].discarded != 0) {
        db_.run(
            {"UPDATE versions SET content = $3, origin = $4, loaded = $5, loaded_by = $6, discarded = 0 "
             "WHERE what = $1 AND hash = $2",
             {scope_, version.hash, to_bytes(sealed), version.origin, now, version.loaded_by}});
      } else {
        return;
      }
      note("loaded", version.loaded_by, version.hash, {{"name", version.name}});
    });
    return is_new;
  }

  void replace(const std::string& hash, ByteView sealed, const std::string& by, const std::string& why) override {
    change([&] {
      const Version version = usable(hash);
      db_.run({"UPDATE versions SET content = $3 WHERE what = $1 AND hash = $2", {scope_, hash, to_bytes(sealed)}});
      note(why, by, hash, {{"name", version.name}});
    });
  }

  std::vector<Version> list() override { return select("", {scope_}); }

  Version find(const std::string& wanted) override {
    std::vector<Version> found = select(" AND name = $2", {scope_, wanted});
    const bool several = found.size() > 1;
    if (several) std::erase_if(found, [](const Version& each) { return each.discarded != 0; });
    if (several && found.empty()) found = select(" AND name = $2", {scope_, wanted});
    if (const std::string from = upper(wanted); is_hash(from)) {
      // A name may look like a hash: then it says nothing by itself.
      for (Version& each : select(" AND hash >= $2 AND hash < $3", {scope_, from, from + "G"})) {
        const bool known =
            std::any_of(found.begin(), found.end(), [&](const Version& it) { return it.hash == each.hash; });
        if (!known) found.push_back(std::move(each));
      }
    }
    if (found.size() == 1) return found[0];
    if (found.empty()) {
      std::vector<std::string> names;
      for (const Version& each : list()) names.push_back(each.name);
      throw Error(ErrorKind::usage, "there is no " + what_ + " '" + wanted + "' " +
                                        (owner_.empty() ? "in the store " + db_.where() : "of " + owner_) +
                                        did_you_mean(wanted, names) + "; cardwright " + what_ +
                                        " list shows those there are");
    }
    std::string all;
    for (const Version& each : found) all += (all.empty() ? "" : ", ") + each.hash.substr(0, 12);
    throw Error(ErrorKind::usage, "'" + wanted + "' may be any of " + all + "; name it by more digits of its hash");
  }

  Bytes content(const std::string& hash) override {
    const Result found =
        db_.run({"SELECT content, discarded FROM versions WHERE what = $1 AND hash = $2", {scope_, hash}});
    if (found.rows.empty() || number(found.rows[0].at(1)) != 0) {
      throw Error(ErrorKind::usage, what_ + " " + hash + " was discarded; load its file again");
    }
    return bytes(found.rows[0].at(0));
  }

  std::optional<Use> in_use() override {
    const std::vector<Use> found = uses(" AND number = (SELECT number FROM in_use WHERE what = $1)");
    if (found.empty()) return {};
    return found[0];
  }

  std::vector<Use> history() override { return uses(""); }

  Use use(const std::string& hash, const std::string& by, const std::string& reason) override {
    const int64_t before = in_use().value_or(Use()).number;
    Use out;
    change([&] {
      want_managed(db_, owner_);
      const Use now = hold();
      if (now.number > before && is(now, hash, by, reason)) {
        out = now;
      } else if (now.hash == hash) {
        throw Error(ErrorKind::usage,
                    what_ + " " + shown(find(hash)) + " is in use already" +
                        (canary() ? "; cardwright " + what_ + " rollback ends the canary beside it" : ""));
      } else {
        end_for(hash, by, reason);
        out = put(hash, now, "used", by, reason);
      }
    });
    return out;
  }

  Use roll_back(const std::string& by, const std::string& reason) override {
    const std::vector<Use> all = history();
    if (all.size() < 2) {
      throw Error(ErrorKind::usage, "no " + what_ + " was in use before the one that is; cardwright " + what_ +
                                        " use takes any of cardwright " + what_ + " list");
    }
    Use out;
    change([&] {
      want_managed(db_, owner_);
      const Use now = hold();
      if (canary()) {
        throw Error(ErrorKind::usage, "a canary came under way meanwhile; see cardwright " + what_ + " list");
      }
      if (now.number == all[0].number) {
        out = put(all[1].hash, now, "rolled back", by, reason);
      } else if (is(now, all[1].hash, by, reason)) {
        out = now;
      } else {
        throw Error(ErrorKind::usage, "another " + what_ + " came into use meanwhile; see cardwright " + what_ +
                                          " list, and roll back that one if it is wrong, too");
      }
    });
    return out;
  }

  void discard(const std::string& hash, const std::string& by) override {
    change([&] {
      const Use now = hold();
      const Version version = find(hash);
      if (now.hash == hash) {
        throw Error(ErrorKind::usage,
                    what_ + " " + shown(version) +
                        " is in use, and runs begin under it; use another one first, then discard it");
      }
      if (const auto trial = canary(); trial && trial->hash == hash) {
        throw Error(ErrorKind::usage, what_ + " " + shown(version) +
                                          " is a canary, and runs begin under it; cardwright " + what_ +
                                          " rollback ends that, then discard it");
      }
      if (version.discarded != 0) return;
      db_.run({"UPDATE versions SET content = $3, discarded = $4 WHERE what = $1 AND hash = $2",
               {scope_, hash, Bytes(), time_of_day()}});
      note("discarded", by, hash, {{"name", version.name}});
    });
  }

  std::optional<Canary> canary() override { return canary_under_way(db_, scope_); }
  std::vector<Canary> canaries() override { return canaries_of(db_, scope_); }

  std::string for_run(const std::string& subject) override {
    const std::optional<Canary> trial = canary();
    if (trial && is_canary(subject, trial->hash, trial->share)) return trial->hash;
    return in_use().value_or(Use()).hash;
  }

  Canary begin_canary(const std::string& hash, int64_t share, const std::string& by,
                      const std::string& reason) override {
    Canary out;
    change([&] {
      want_managed(db_, owner_);
      const Use now = hold();
      const Version version = usable(hash);
      const std::optional<Canary> before = canary();
      want_canary(version, now, before);
      if (before && before->share == share) {  // done by us just now, too
        out = *before;
        return;
      }
      if (before) {
        change_share(db_, scope_, *before, share);
      } else {
        const std::vector<Canary> all = canaries();
        cw::store::begin_canary(
            db_, scope_,
            {all.empty() ? 1 : all[0].number + 1, hash, share, time_of_day(), by, reason, {}, {}, 0, {}, {}, {}});
      }
      out = *canary();
      std::vector<std::pair<std::string, std::string>> details{
          {"name", version.name},
          {"share", std::to_string(share) + "/" + std::to_string(kWhole)},
          {"beside", now.hash}};
      if (!reason.empty()) details.emplace_back("reason", reason);
      note(before ? "canary changed" : "canary begun", by, hash, details);
    });
    return out;
  }

  Canary end_canary(const std::string& by, const std::string& reason) override {
    const std::optional<Canary> before = canary();
    if (!before) throw Error(ErrorKind::usage, "no canary is under way; see cardwright " + what_ + " list");
    Canary out;
    change([&] {
      hold();
      const Canary now = canary_numbered(db_, scope_, before->number).value_or(Canary());
      if (now.ended != 0 && now.how != "rolled back") {
        throw Error(ErrorKind::usage, "the canary was " + now.how + " meanwhile by " + now.ended_by +
                                          "; see cardwright " + what_ + " list");
      }
      // It went back by itself, or by us just now: the server went away before it could say so.
      out = now.ended != 0 ? now : end(now, "rolled back", by, reason);
    });
    return out;
  }

  void judge_canary(const std::string& by) override {
    const std::optional<Canary> trial = canary();
    if (!trial || !does_worse(*trial)) return;
    change([&] {
      hold();
      const std::optional<Canary> now = canary();
      if (now && now->number == trial->number && does_worse(*now)) end(*now, "rolled back", by, numbers_of(*now));
    });
  }

 private:
  /// All or nothing. Whoever changes something waits for whoever does.
  void change(const std::function<void()>& work) {
    surely([&] {
      db_.transact([&] {
        db_.lock("versions of " + scope_);
        work();
      });
    });
  }

  /// What is in use, and nothing begins under it until this transaction is over.
  Use hold() {
    // An update, so that it waits for those who begin, and they for it (Runs::create).
    db_.run({"UPDATE in_use SET number = number WHERE what = $1", {scope_}});
    return in_use().value_or(Use());
  }

  /// Done by us just now: the server went away before it could say so.
  static bool is(const Use& use, const std::string& hash, const std::string& by, const std::string& reason) {
    return use.hash == hash && use.by == by && use.reason == reason;
  }

  /// Raises usage.
  Version usable(const std::string& hash) {
    const Version version = find(hash);
    if (version.discarded == 0) return version;
    throw Error(ErrorKind::usage, what_ + " " + shown(version) + " was discarded; load its file again first");
  }

  /// Raises usage: it cannot be a canary beside what is in use.
  void want_canary(const Version& version, const Use& now, const std::optional<Canary>& before) {
    const std::string it = what_ + " " + shown(version);
    if (now.number == 0) {
      throw Error(ErrorKind::usage, "no " + what_ + " is in use that " + it + " could be a canary beside; cardwright " +
                                        what_ + " use lets all runs begin under one");
    }
    if (now.hash == version.hash) throw Error(ErrorKind::usage, it + " is in use already");
    if (before && before->hash != version.hash) {
      throw Error(ErrorKind::usage, what_ + " " + shown(find(before->hash)) +
                                        " is a canary already; use it, or end it with " + "cardwright " + what_ +
                                        " rollback");
    }
  }

  /// The one that is under way, where another version comes into use.
  void end_for(const std::string& hash, const std::string& by, const std::string& reason) {
    if (const auto trial = canary()) end(*trial, trial->hash == hash ? "promoted" : "replaced", by, reason);
  }

  Canary end(Canary trial, const std::string& how, const std::string& by, const std::string& why) {
    trial.ended = time_of_day();
    trial.ended_by = by;
    trial.how = how;
    trial.why = why;
    cw::store::end_canary(db_, scope_, trial);
    const auto outcomes = [](const Outcomes& of) { return std::to_string(of.bad) + "/" + std::to_string(of.all()); };
    std::vector<std::pair<std::string, std::string>> details{{"name", find(trial.hash).name},
                                                             {"failed", outcomes(trial.own)},
                                                             {"others failed", outcomes(trial.others)},
                                                             {"p", p_text(trial)}};
    if (!why.empty()) details.emplace_back("reason", why);
    note("canary " + how, by, trial.hash, details);
    return trial;
  }

  Use put(const std::string& hash, const Use& before, const std::string& done, const std::string& by,
          const std::string& reason) {
    const Version version = usable(hash);
    const Use now{before.number + 1, hash, time_of_day(), by, reason};
    db_.run({"INSERT INTO uses (what, number, hash, since, used_by, reason) VALUES ($1, $2, $3, $4, $5, $6)",
             {scope_, now.number, now.hash, now.since, now.by, now.reason}});
    db_.run({"UPDATE in_use SET number = $2 WHERE what = $1", {scope_, now.number}});
    std::vector<std::pair<std::string, std::string>> details{{"name", version.name}};
    if (!before.hash.empty()) details.emplace_back("before", before.hash);
    if (!reason.empty()) details.emplace_back("reason", reason);
    note(done, by, hash, details);
    return now;
  }

  void note(const std::string& done, const std::string& by, const std::string& hash,
            std::vector<std::pair<std::string, std::string>> details) {
    if (!owner_.empty()) details.emplace_back("owner", owner_);
    audit_.add({by, what_ + " " + done, hash, std::move(details)});
  }

  std::vector<Version> select(const std::string& condition, const std::vector<Value>& values) {
    const Result found =
        db_.run({"SELECT hash, name, origin, loaded, loaded_by, discarded, (SELECT COUNT(*) FROM runs WHERE " +
                     column_ + " = versions.hash" + (owner_.empty() ? "" : " AND owner = '" + owner_ + "'") +
                     " AND state IN ('running', 'waiting', 'stuck')) FROM versions WHERE what = $1" + condition +
                     " ORDER BY loaded DESC, hash",
                 values});
    std::vector<Version> out;
    for (const Row& row : found.rows) {
      out.push_back({text(row.at(0)), text(row.at(1)), text(row.at(2)), number(row.at(3)), text(row.at(4)),
                     number(row.at(5)), number(row.at(6))});
    }
    return out;
  }

  std::vector<Use> uses(const std::string& condition) {
    const Result found = db_.run(
        {"SELECT number, hash, since, used_by, reason FROM uses WHERE what = $1" + condition + " ORDER BY number DESC",
         {scope_}});
    std::vector<Use> out;
    for (const Row& row : found.rows) {
      out.push_back({number(row.at(0)), text(row.at(1)), number(row.at(2)), text(row.at(3)), text(row.at(4))});
    }
    return out;
  }

  Database& db_;
  Audit& audit_;
  const std::string what_;
  const std::string owner_;  // of letters that need no quotes in SQL
  const std::string scope_;
  const std::string column_;
};

}  // namespace

std::unique_ptr<Versions> make_policies(Database& database, Audit& audit, const std::string& owner) {
  return std::make_unique<VersionsOnDatabase>(database, audit, "policy", owner,
                                              owner.empty() ? "policy_hash" : "owner_policy_hash");
}

std::unique_ptr<Versions> make_bundles(Database& database, Audit& audit, const std::string& owner) {
  return std::make_unique<VersionsOnDatabase>(database, audit, "bundle", owner, "bundle");
}

}  // namespace cw::store
