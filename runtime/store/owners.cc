#include "store/owners.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/suggest.h"
#include "clock_private.h"
#include "owners_private.h"
#include "providers_private.h"
#include "store/ledgers.h"
#include "surely_private.h"

namespace cw::store {

namespace {

constexpr size_t kLongestName = 32;
constexpr size_t kLongestCard = 200;

class OwnersOnDatabase : public Owners {
 public:
  OwnersOnDatabase(Database& database, Audit& audit) : db_(database), audit_(audit) {}

  void add(const std::string& name, const std::string& by) override {
    want_owner_name(name);
    const int64_t now = time_of_day();
    bool tried = false;
    change([&] {
      if (has(name)) {
        if (tried) return;  // added by this very call: the server went away before it could say so
        if (standing_of(db_, name).state == ProviderState::deregistered) raise_was_there(name);
        throw Error(ErrorKind::usage, "there is an owner " + name + " already");
      }
      tried = true;
      add_owner(db_, name, now, by);
      put_standing(db_, {name, 1, ProviderState::approved, now, by, "", now, 0});
      audit_.add({by, "owner added", name, {{"owner", name}}});
    });
  }

  std::vector<Owner> list() override {
    std::vector<Owner> out;
    for (const Row& row :
         db_.run({"SELECT name, since, added_by, (SELECT COUNT(*) FROM cards WHERE owner = owners.name), "
                  "(SELECT COUNT(*) FROM runs WHERE owner = owners.name AND state IN ('running', 'waiting', 'stuck')) "
                  "FROM owners ORDER BY name",
                  {}})
             .rows) {
      out.push_back({text(row.at(0)), number(row.at(1)), text(row.at(2)), number(row.at(3)), number(row.at(4))});
    }
    return out;
  }

  bool has(const std::string& name) override { return has_owner(db_, name); }

  bool give(const std::string& identity, const std::string& owner, const std::string& by) override {
    const std::string card = chip_of(identity);
    if (card.empty() || card.size() > kLongestCard) {
      throw Error(ErrorKind::usage, "which card? runs show and card list print who a card is");
    }
    bool changed = false;
    change([&] {
      want_managed(db_, owner);
      const std::string before = owner_of(card);
      if (before == owner) return;
      if (!before.empty()) {
        throw Error(ErrorKind::usage, "card " + card + " is " + before + "'s; take it back first, then give it");
      }
      changed = true;
      db_.run({"INSERT INTO cards (card, owner, since, given_by) VALUES ($1, $2, $3, $4)",
               {card, owner, time_of_day(), by}});
      // What is on it is theirs to manage from now on, whoever wrote it down.
      db_.run({"UPDATE domains SET owner = $1 WHERE card = $2", {owner, card}});
      audit_.add({by, "card given", card, {{"owner", owner}}});
    });
    return changed;
  }

  void take_back(const std::string& identity, const std::string& by) override {
    const std::string card = chip_of(identity);
    bool tried = false;
    change([&] {
      const std::string before = owner_of(card);
      if (before.empty()) {
        if (tried) return;
        throw Error(ErrorKind::usage, "card " + card + " is no owner's; cardwright card list shows whose there are");
      }
      tried = true;
      db_.run({"DELETE FROM cards WHERE card = $1", {card}});
      // Whoever works on it ends before the next step, and none is taken up (StoreJournal::take_up).
      db_.run(
          {"UPDATE runs SET stop_asked = 1 WHERE owner = $1 AND state IN ('running', 'waiting', 'stuck') AND "
           "(card_id = $2 OR substr(card_id, 1, length($2) + 5) = $2 || '+KDD-')",
           {before, card}});
      db_.run({"UPDATE domains SET owner = '' WHERE card = $1", {card}});
      audit_.add({by, "card taken back", card, {{"owner", before}}});
    });
  }

  std::string owner_of(const std::string& card) override {
    const Result found = db_.run({"SELECT owner FROM cards WHERE card = $1", {chip_of(card)}});
    return found.rows.empty() ? std::string() : text(found.rows[0].at(0));
  }

  std::vector<OwnedCard> cards(const std::optional<std::string>& owner) override {
    const std::string sql = "SELECT card, owner, since, given_by FROM cards";
    const Result found = db_.run(owner ? Statement{sql + " WHERE owner = $1 ORDER BY card", {*owner}}
                                       : Statement{sql + " ORDER BY card", {}});
    std::map<std::string, OwnedCard> all;
    for (const Row& row : found.rows) {
      all[text(row.at(0))] = {text(row.at(0)), text(row.at(1)), number(row.at(2)), text(row.at(3)), 0, 0};
    }
    const std::string seen = "SELECT card_id, COUNT(*), MAX(created) FROM runs WHERE card_id <> ''";
    const Result runs = db_.run(owner ? Statement{seen + " AND owner = $1 GROUP BY card_id", {*owner}}
                                      : Statement{seen + " GROUP BY card_id", {}});
    for (const Row& row : runs.rows) {
      OwnedCard& card = all[chip_of(text(row.at(0)))];
      card.card = chip_of(text(row.at(0)));
      card.runs += number(row.at(1));
      card.last_run = std::max(card.last_run, number(row.at(2)));
    }
    std::vector<OwnedCard> out;
    for (auto& [name, card] : all) out.push_back(std::move(card));
    return out;
  }

 private:
  void change(const std::function<void()>& work) {
    surely([&] {
      db_.transact([&] {
        db_.lock("owners");
        work();
      });
    });
  }

  Database& db_;
  Audit& audit_;
};

bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

}  // namespace

bool is_owner_name(std::string_view name) {
  return !name.empty() && name.size() <= kLongestName && name != "operator" && is_letter(name[0]) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_'; });
}

std::string chip_of(const std::string& identity) { return identity.substr(0, identity.find("+KDD-")); }

std::string scope_of(const std::string& what, const std::string& owner) {
  return owner.empty() ? what : what + "/" + owner;
}

std::pair<std::string, std::string> scope_from(const std::string& scope) {
  const size_t mark = scope.find('/');
  if (mark == std::string::npos) return {scope, {}};
  return {scope.substr(0, mark), scope.substr(mark + 1)};
}

bool has_owner(Database& db, const std::string& name) {
  return !db.run({"SELECT name FROM owners WHERE name = $1", {name}}).rows.empty();
}

void want_owner_name(const std::string& name) {
  if (is_owner_name(name)) return;
  throw Error(ErrorKind::usage, "'" + name +
                                    "' cannot be an owner's name: it is 1 to 32 of a-z, 0-9, '-' and '_', begins "
                                    "with a letter, and is not 'operator'");
}

void raise_was_there(const std::string& name) {
  throw Error(ErrorKind::usage, "there was an owner " + name +
                                    ", which is deregistered, and its runs and records name it; cardwright owner "
                                    "register " +
                                    name + " --again lets it be the same one again");
}

void add_owner(Database& db, const std::string& name, int64_t now, const std::string& by) {
  db.run({"INSERT INTO owners (name, since, added_by) VALUES ($1, $2, $3)", {name, now, by}});
  for (const char* what : {"policy", "bundle"}) {
    db.run({"INSERT INTO in_use (what, number, canary) VALUES ($1, 0, 0)", {scope_of(what, name)}});
  }
}

void want_owner(Database& db, const std::string& name) {
  if (has_owner(db, name)) return;
  std::vector<std::string> names;
  for (const Row& row : db.run({"SELECT name FROM owners", {}}).rows) names.push_back(text(row.at(0)));
  throw Error(ErrorKind::usage, "there is no owner '" + name + "' in the store" + did_you_mean(name, names) +
                                    "; cardwright owner list shows those there are, and owner add makes one");
}

bool any_was_in_use(Database& db, const std::string& what, const std::string& owner) {
  const Result now = db.run({"SELECT number FROM in_use WHERE what = $1 @shared", {scope_of(what, owner)}});
  return !now.rows.empty() && number(now.rows[0].at(0)) != 0;
}

std::unique_ptr<Owners> make_owners(Database& database, Audit& audit) {
  return std::make_unique<OwnersOnDatabase>(database, audit);
}

}  // namespace cw::store
