#include "store/budgets.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "base/error.h"
#include "budget_text_private.h"
#include "clock_private.h"
#include "store/ledgers.h"

namespace cw::store {

namespace {

int64_t value_of(Charge charge) { return static_cast<int64_t>(charge); }
int64_t value_of(Outcome outcome) { return static_cast<int64_t>(outcome); }

/// $1 card, $2 domain, $3 charge, $4 key version: version 0 may be any, so it counts against all, and all against it.
Statement count_of(Charge charge, const Account& account) {
  std::string sql =
      "SELECT COUNT(DISTINCT CASE WHEN c.state = $5 THEN c.id END), COUNT(DISTINCT CASE WHEN c.state = $6 THEN c.id "
      "END), "
      "COUNT(DISTINCT CASE WHEN c.state = $7 THEN c.id END) FROM charge_accounts a JOIN charges c ON c.id = a.id "
      "WHERE a.card = $1 AND a.domain = $2 AND a.counts = 1 AND c.charge = $3";
  if (account.version != 0) sql += " AND (a.version = $4 OR a.version = 0)";
  return {sql,
          {account.card, account.domain, value_of(charge), account.version, value_of(Outcome::refused),
           value_of(Outcome::lost), value_of(Outcome::open)}};
}

BudgetCount count_in(const Result& result) {
  const Row& row = result.rows.at(0);
  return {number(row.at(0)), number(row.at(1)), number(row.at(2))};
}

Statement insert_account(const std::string& id, const Account& account) {
  return {
      "INSERT INTO charge_accounts (id, card, domain, version, counts) VALUES ($1, $2, $3, $4, 1) "
      "ON CONFLICT DO NOTHING",
      {id, account.card, account.domain, account.version}};
}

/// Whoever charges or settles on a card writes its row first, and so waits for others that do. In this order, so that
/// no two wait for each other.
std::vector<Statement> turns(const std::set<std::string>& cards, int64_t now) {
  std::vector<Statement> out;
  for (const std::string& card : cards) {
    out.push_back(
        {"INSERT INTO budget_cards (card, changed) VALUES ($1, $2) "
         "ON CONFLICT (card) DO UPDATE SET changed = excluded.changed",
         {card, now}});
  }
  return out;
}

class BudgetBook : public Budgets {
 public:
  BudgetBook(Database& database, Audit& audit) : database_(database), audit_(audit) {}

  void charge(const std::string& id, Charge charge, const std::vector<Account>& accounts, const BudgetLimits& limits,
              const std::string& run) override {
    database_.transact([&] { try_to_charge(id, charge, accounts, limits, run); });
  }

  void settle(const std::string& id, Outcome outcome, const std::optional<std::vector<Account>>& moved,
              bool forgives) override {
    database_.transact([&] { try_to_settle(id, outcome, moved, forgives); });
  }

  int64_t lose(const std::string& run) override {
    return database_
        .run({"UPDATE charges SET state = $1, time = $2 WHERE run = $3 AND state = $4",
              {value_of(Outcome::lost), time_of_day(), run, value_of(Outcome::open)}})
        .changed;
  }

  Spent spent(Charge charge, const Account& account) override {
    const BudgetCount count = count_in(database_.run(count_of(charge, account)));
    return {count.refused, count.lost + count.open};
  }

  std::vector<BudgetRow> list(const std::string& card) override {
    const std::string where = card.empty() ? "" : " AND a.card = $2";
    const Result found = database_.run(
        {"SELECT c.charge, a.card, a.domain, a.version, COUNT(CASE WHEN c.state = $1 THEN 1 END), "
         "COUNT(CASE WHEN c.state <> $1 THEN 1 END), MAX(c.time) FROM charge_accounts a JOIN charges c ON c.id = a.id "
         "WHERE a.counts = 1" +
             where + " GROUP BY c.charge, a.card, a.domain, a.version ORDER BY a.card, a.domain, a.version, c.charge",
         {value_of(Outcome::refused), card}});
    std::vector<BudgetRow> rows;
    for (const Row& row : found.rows) {
      rows.push_back({static_cast<Charge>(number(row.at(0))),
                      {text(row.at(1)), text(row.at(2)), number(row.at(3))},
                      {number(row.at(4)), number(row.at(5))},
                      number(row.at(6))});
    }
    return rows;
  }

  int64_t reset(const std::string& card, const std::optional<std::string>& domain,
                const std::optional<int64_t>& version, const std::string& who, const std::string& reason) override {
    if (reason.find_first_not_of(" \t\r\n") == std::string::npos) {
      throw Error(ErrorKind::usage, "resetting the budget of card " + card +
                                        ": no reason is given, and the audit keeps one; say why with --reason");
    }
    int64_t freed = 0;
    database_.transact([&] {
      database_.run_all(turns({card}, time_of_day()));
      freed = forget(card, domain, version);
      AuditEntry entry{who, "budget reset", card, {{"reason", reason}}};
      if (domain) entry.details.emplace_back("domain", *domain);
      if (version) entry.details.emplace_back("key version", version_text(*version));
      entry.details.emplace_back("charges", std::to_string(freed));
      audit_.add(entry);
    });
    return freed;
  }

 private:
  void try_to_charge(const std::string& id, Charge charge, const std::vector<Account>& accounts,
                     const BudgetLimits& limits, const std::string& run) {
    const int64_t now = time_of_day();
    std::set<std::string> cards;
    for (const Account& account : accounts) cards.insert(account.card);
    std::vector<Statement> statements = turns(cards, now);
    // A run does one thing at a time: what it left open, nobody will settle.
    statements.push_back(
        {"UPDATE charges SET state = $1, time = $2 WHERE run = $3 AND charge = $4 AND state = $5 AND "
         "id <> $6 AND run <> ''",
         {value_of(Outcome::lost), now, run, value_of(charge), value_of(Outcome::open), id}});
    statements.push_back(
        {"INSERT INTO charges (id, charge, state, run, time) VALUES ($1, $2, $3, $4, $5) "
         "ON CONFLICT DO NOTHING",
         {id, value_of(charge), value_of(Outcome::open), run, now}});
    const size_t inserted = statements.size() - 1;
    for (const Account& account : accounts) statements.push_back(count_of(charge, account));
    const std::vector<Result> results = database_.run_all(statements);
    if (results.at(inserted).changed == 0) return;  // charged before
    statements.clear();
    for (size_t i = 0; i < accounts.size(); ++i) {
      const BudgetCount count = count_in(results.at(inserted + 1 + i));
      if (is_used_up(count, limits)) raise_used_up(charge, accounts[i], count, limits);
      statements.push_back(insert_account(id, accounts[i]));
    }
    database_.run_all(statements);
  }

  void try_to_settle(const std::string& id, Outcome outcome, const std::optional<std::vector<Account>>& moved,
                     bool forgives) {
    const int64_t now = time_of_day();
    const std::vector<Account> charged = accounts_of(id);
    std::set<std::string> cards;
    for (const Account& account : charged) cards.insert(account.card);
    for (const Account& account : moved.value_or(charged)) cards.insert(account.card);
    std::vector<Statement> statements = turns(cards, now);
    statements.push_back({"UPDATE charges SET state = $1, time = $2 WHERE id = $3 AND state = $4",
                          {value_of(outcome), now, id, value_of(Outcome::open)}});
    if (database_.run_all(statements).back().changed == 0) return;  // settled before, or never charged
    statements.clear();
    if (outcome == Outcome::refunded) {
      statements.push_back({"UPDATE charge_accounts SET counts = 0 WHERE id = $1", {id}});
    } else if (moved) {
      statements.push_back({"DELETE FROM charge_accounts WHERE id = $1", {id}});
      for (const Account& account : *moved) statements.push_back(insert_account(id, account));
    } else {
      // It may have been reset while nobody knew what would become of it.
      statements.push_back({"UPDATE charge_accounts SET counts = 1 WHERE id = $1", {id}});
    }
    if (forgives) {
      for (const Account& account : forgiven(charged, moved.value_or(charged))) {
        statements.push_back(
            {"UPDATE charge_accounts SET counts = 0 WHERE card = $1 AND domain = $2 AND version = $3 AND "
             "id IN (SELECT o.id FROM charges o JOIN charges c ON c.charge = o.charge "
             "WHERE c.id = $4 AND o.id <> c.id AND o.state = $5)",
             {account.card, account.domain, account.version, id, value_of(Outcome::lost)}});
      }
    }
    database_.run_all(statements);
  }

  /// The accounts of the card that answered; of those that were charged before it said who it is, the ones of the same
  /// card and domain.
  static std::vector<Account> forgiven(const std::vector<Account>& charged, const std::vector<Account>& answered) {
    std::vector<Account> out = answered;
    for (const Account& account : charged) {
      const auto is_its_own = [&](const Account& other) {
        return other.card == account.card && other.domain == account.domain;
      };
      if (std::any_of(answered.begin(), answered.end(), is_its_own)) out.push_back(account);
    }
    return out;
  }

  std::vector<Account> accounts_of(const std::string& id) {
    std::vector<Account> accounts;
    const Result found = database_.run({"SELECT card, domain, version FROM charge_accounts WHERE id = $1", {id}});
    for (const Row& row : found.rows) accounts.push_back({text(row.at(0)), text(row.at(1)), number(row.at(2))});
    return accounts;
  }

  /// How many charges it was.
  int64_t forget(const std::string& card, const std::optional<std::string>& domain,
                 const std::optional<int64_t>& version) {
    std::string where = " WHERE card = $1 AND counts = 1";
    if (domain) where += " AND domain = $2";
    if (version) where += " AND version = $3";
    const std::vector<Value> values{card, domain.value_or(""), version.value_or(0)};
    const auto results = database_.run_all({{"SELECT COUNT(DISTINCT id) FROM charge_accounts" + where, values},
                                            {"UPDATE charge_accounts SET counts = 0" + where, values}});
    return number(results.at(0).rows.at(0).at(0));
  }

  Database& database_;
  Audit& audit_;
};

}  // namespace

std::unique_ptr<Budgets> make_budgets(Database& database, Audit& audit) {
  return std::make_unique<BudgetBook>(database, audit);
}

}  // namespace cw::store
