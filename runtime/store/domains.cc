#include "store/domains.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "base/error.h"
#include "clock_private.h"
#include "providers_private.h"
#include "store/ledgers.h"
#include "store/owners.h"
#include "surely_private.h"

namespace cw::store {

namespace {

constexpr const char* kColumns =
    "card, aid, se_id, owner, issuer, management, state, keys, version, since, changed, run, told, told_at";

constexpr std::array<std::pair<DomainState, std::string_view>, 6> kStates = {{{DomainState::asked, "asked"},
                                                                              {DomainState::present, "present"},
                                                                              {DomainState::locked, "locked"},
                                                                              {DomainState::deleted, "deleted"},
                                                                              {DomainState::reset, "reset"},
                                                                              {DomainState::moved, "moved"}}};

bool is_aid(const std::string& aid) {
  return aid.size() >= 10 && aid.size() <= 32 && aid.size() % 2 == 0 &&
         std::all_of(aid.begin(), aid.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); });
}

Domain domain_in(const Row& row) {
  Domain out;
  out.card = text(row.at(0));
  out.aid = text(row.at(1));
  out.se_id = text(row.at(2));
  out.owner = text(row.at(3));
  out.issuer = text(row.at(4));
  out.management = text(row.at(5));
  const std::optional<DomainState> state = domain_state(text(row.at(6)));
  if (!state) {
    throw Error(ErrorKind::store,
                "domain " + out.aid + " of card " + out.card + " has the state '" + text(row.at(6)) +
                    "', which is none: its row was changed from outside, so bring back a copy of the store",
                {}, "corrupt");
  }
  out.state = *state;
  out.keys = text(row.at(7));
  out.version = number(row.at(8));
  out.since = number(row.at(9));
  out.changed = number(row.at(10));
  out.run = text(row.at(11));
  out.told = text(row.at(12));
  out.told_at = number(row.at(13));
  return out;
}

Row row_of(const Domain& it) {
  return {it.card, it.aid,     it.se_id, it.owner,   it.issuer, it.management, std::string(name_of(it.state)),
          it.keys, it.version, it.since, it.changed, it.run,    it.told,       it.told_at};
}

/// Gone, or somebody else's now: whoever makes the domain anew has it.
bool is_free(DomainState state) {
  return state == DomainState::deleted || state == DomainState::reset || state == DomainState::moved;
}

bool same(const Domain& a, const Domain& b) {
  return a.se_id == b.se_id && a.owner == b.owner && a.issuer == b.issuer && a.management == b.management &&
         a.state == b.state && a.keys == b.keys && a.version == b.version;
}

class DomainsOnDatabase : public Domains {
 public:
  DomainsOnDatabase(Database& database, Audit& audit) : db_(database), audit_(audit) {}

  Domain put(const Domain& given, const std::string& by, bool agreed) override {
    const Domain domain = checked(given);
    Domain out;
    change([&] {
      const std::optional<Domain> before = find(domain.card, domain.aid);
      out = before ? merged(*before, domain, agreed) : domain;
      if (!before) out.since = out.changed = time_of_day();
      if (before && same(*before, out)) return;
      out.changed = time_of_day();
      write(out);
      std::vector<std::pair<std::string, std::string>> details = {{"card", out.card},
                                                                  {"state", std::string(name_of(out.state))}};
      const auto add = [&](const char* name, const std::string& value) {
        if (!value.empty()) details.emplace_back(name, value);
      };
      add("keys", out.keys);
      add("issuer", out.issuer);
      add("owner", out.owner);
      add("run", out.run);
      audit_.add({by, "domain kept", out.aid, details});
    });
    return out;
  }

  void expect(const Domain& given, bool agreed) override {
    const Domain domain = checked(given);
    const std::optional<Domain> before = find(domain.card, domain.aid);
    if (!before || is_free(before->state) || before->owner == domain.owner) return;
    merged(*before, domain, agreed);
    const std::string what = "domain " + domain.aid + " of card " + domain.card + " is " + before->owner + "'s";
    try {
      look_managed(db_, before->owner);
    } catch (const Error& error) {
      throw error.within(what);
    }
    if (agreed || before->owner.empty() || domain.state != DomainState::deleted) return;
    throw Error(ErrorKind::policy, what + kNoConsent, {}, "consent");
  }

  std::vector<Domain> list(const DomainFilter& filter) override {
    std::string sql = std::string("SELECT ") + kColumns + " FROM domains";
    Row values;
    const auto where = [&](const char* column, const std::string& value) {
      values.emplace_back(value);
      sql += (values.size() == 1 ? " WHERE " : " AND ") + std::string(column) + " = $" + std::to_string(values.size());
    };
    if (!filter.card.empty()) where("card", chip_of(filter.card));
    if (!filter.aid.empty()) where("aid", filter.aid);
    if (!filter.se_id.empty()) where("se_id", filter.se_id);
    if (!filter.issuer.empty()) where("issuer", filter.issuer);
    if (filter.owner) where("owner", *filter.owner);
    sql += " ORDER BY card, aid";
    if (filter.limit > 0) {
      values.emplace_back(filter.limit);
      sql += " LIMIT $" + std::to_string(values.size());
    }
    std::vector<Domain> out;
    for (const Row& row : db_.run({sql, values}).rows) out.push_back(domain_in(row));
    return out;
  }

  Domain tell(const std::string& identity, const std::string& aid, const ToldState& told) override {
    const std::string card = chip_of(identity);
    Domain out;
    change([&] {
      const std::optional<Domain> found = find(card, aid);
      if (!found) throw Error(ErrorKind::usage, "there is no domain " + aid + " on card " + card + " in the store");
      out = *found;
      if (is_free(out.state) || (out.told == told.status && out.state == told.becomes)) return;
      out.told = told.status;
      out.told_at = time_of_day();
      if (out.state != told.becomes) out.changed = out.told_at;
      out.state = told.becomes;
      write(out);
      int64_t asked = 0;
      if (is_free(told.becomes)) {
        asked = db_.run({"UPDATE runs SET stop_asked = 1 WHERE owner = $1 AND state IN ('running', 'waiting', 'stuck') "
                         "AND stop_asked = 0 AND (card_id = $2 OR substr(card_id, 1, length($2) + 5) = $2 || '+KDD-')",
                         {out.owner, card}})
                    .changed;
      }
      audit_.add({told.by,
                  "domain told",
                  aid,
                  {{"card", card},
                   {"status", told.status},
                   {"state", std::string(name_of(told.becomes))},
                   {"owner", out.owner},
                   {"runs asked to stop", std::to_string(asked)}}});
    });
    return out;
  }

  bool keyed(const std::string& card, const std::string& aid, const std::string& keys, int64_t version,
             const std::string& by) override {
    bool done = false;
    change([&] {
      std::optional<Domain> domain = find(card, aid);
      done = domain && !is_free(domain->state) && (domain->keys.empty() || domain->keys == keys);
      if (!done || domain->keys == keys) return;
      domain->keys = keys;
      domain->version = version;
      domain->changed = time_of_day();
      write(*domain);
      audit_.add({by,
                  "keys received",
                  keys,
                  {{"domain", aid}, {"card", card}, {"owner", domain->owner}, {"version", std::to_string(version)}}});
    });
    return done;
  }

  bool seen(const std::string& sender, const std::string& nonce, int64_t now, int64_t until) override {
    bool before = false;
    bool tried = false;
    change([&] {
      db_.run({"DELETE FROM messages_seen WHERE until < $1", {now}});
      const bool there =
          !db_.run({"SELECT until FROM messages_seen WHERE sender = $1 AND nonce = $2", {sender, nonce}}).rows.empty();
      before = there && !tried;  // this very call may have written it, and not have heard so
      if (there) return;
      tried = true;
      db_.run({"INSERT INTO messages_seen (sender, nonce, until) VALUES ($1, $2, $3)", {sender, nonce, until}});
    });
    return before;
  }

 private:
  std::optional<Domain> find(const std::string& card, const std::string& aid) {
    const Result found =
        db_.run({std::string("SELECT ") + kColumns + " FROM domains WHERE card = $1 AND aid = $2", {card, aid}});
    if (found.rows.empty()) return {};
    return domain_in(found.rows[0]);
  }

  /// With the card by its chip. Raises usage.
  static Domain checked(Domain domain) {
    domain.card = chip_of(domain.card);
    if (domain.card.empty()) {
      throw Error(ErrorKind::usage, "keeping domain " + domain.aid + ": the card did not say who it is");
    }
    if (is_aid(domain.aid)) return domain;
    throw Error(ErrorKind::usage, "keeping domain '" + domain.aid + "': an AID is 5 to 16 bytes");
  }

  static Domain merged(const Domain& before, const Domain& now, bool agreed) {
    const bool anew = is_free(before.state) && !is_free(now.state);
    const bool let_go = agreed && now.state == DomainState::deleted;
    if (before.owner != now.owner && !anew && !now.owner.empty() && !let_go) {
      throw Error(ErrorKind::usage, "keeping domain " + now.aid + " of card " + now.card + ": it is managed by " +
                                        (before.owner.empty() ? "the operator" : "owner " + before.owner) +
                                        ", and this run is " + now.owner +
                                        "'s; cardwright card give lets a card and its domains be an owner's");
    }
    Domain out = now;
    out.told = before.told;
    out.told_at = before.told_at;
    if (anew) {
      out.since = time_of_day();
      return out;  // another domain, of which nothing is known from the one before
    }
    out.owner = before.owner;
    out.since = before.since;
    out.changed = before.changed;
    if (now.state == DomainState::asked) out.state = before.state;
    const auto keep = [](std::string& value, const std::string& old) {
      if (value.empty()) value = old;
    };
    keep(out.se_id, before.se_id);
    keep(out.issuer, before.issuer);
    keep(out.management, before.management);
    if (out.keys.empty()) {
      out.keys = before.keys;
      out.version = before.version;
    }
    return out;
  }

  void write(const Domain& domain) {
    db_.run(
        {std::string("INSERT INTO domains (") + kColumns +
             ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (card, aid) DO "
             "UPDATE SET se_id = $3, owner = $4, issuer = $5, management = $6, state = $7, keys = $8, version = $9, "
             "since = $10, changed = $11, run = $12, told = $13, told_at = $14",
         row_of(domain)});
  }

  void change(const std::function<void()>& work) {
    surely([&] {
      db_.transact([&] {
        db_.lock("domains");
        work();
      });
    });
  }

  Database& db_;
  Audit& audit_;
};

}  // namespace

std::string_view name_of(DomainState state) {
  for (const auto& [each, name] : kStates) {
    if (each == state) return name;
  }
  return "present";
}

std::optional<DomainState> domain_state(std::string_view name) {
  for (const auto& [state, each] : kStates) {
    if (each == name) return state;
  }
  return {};
}

std::unique_ptr<Domains> make_domains(Database& database, Audit& audit) {
  return std::make_unique<DomainsOnDatabase>(database, audit);
}

}  // namespace cw::store
