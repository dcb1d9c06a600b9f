#include "store/budgets.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "budget_text_private.h"
#include "clock_private.h"
#include "store/ledgers.h"
#include "surely_private.h"

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

class BudgetBook : public Budgets {
 public:
  BudgetBook(Database& database, Audit& audit) : database_(database), audit_(audit) {}

  void charge(const std::string& id, Charge charge, const std::vector<Account>& accounts, const BudgetLimits& limits,
              const std::string& run) override {
    surely([&] { database_.transact([&] { try_to_charge(id, charge, accounts, limits, run); }); });
  }

  void settle(const std::string& id, Outcome outcome, const std::optional<std::vector<Account>>& moved,
              bool forgives) override {
    surely([&] { database_.transact([&] { try_to_settle(id, outcome, moved, forgives); }); });
  }

  std::vector<std::string> open_runs(const std::string& card) override {
    const Result found =
        database_.run({"SELECT DISTINCT c.run FROM charges c JOIN charge_accounts a ON a.id = c.id "
                       "WHERE a.card = $1 AND a.counts = 1 AND c.state = $2",
                       {card, value_of(Outcome::open)}});
    std::vector<std::string> out;
    for (const Row& row : found.rows) out.push_back(text(row.at(0)));
    return out;
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

  void mark(const std::string& card, const std::string& word) override {
    change({"INSERT INTO budget_marks (card, word) VALUES ($1, $2) ON CONFLICT DO NOTHING", {card, word}});
  }

  void unmark(const std::string& card, const std::string& word) override {
    change({"DELETE FROM budget_marks WHERE card = $1 AND word = $2", {card, word}});
  }

  std::vector<std::string> marks(const std::string& card) override {
    std::vector<std::string> words;
    const Result found = database_.run({"SELECT word FROM budget_marks WHERE card = $1 ORDER BY word", {card}});
    for (const Row& row : found.rows) words.push_back(text(row.at(0)));
    return words;
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
      lock({card});
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
  void change(const Statement& statement) {
    surely([&] { database_.run(statement); });
  }

  void try_to_charge(const std::string& id, Charge charge, const std::vector<Account>& accounts,
                     const BudgetLimits& limits, const std::string& run) {
    const int64_t now = time_of_day();
    lock(cards_of(accounts));
    std::vector<Statement> statements;
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
    std::set<std::string> cards = cards_of(charged);
    if (moved) cards.merge(cards_of(*moved));
    lock(cards);
    const Result settled = database_.run({"UPDATE charges SET state = $1, time = $2 WHERE id = $3 AND state = $4",
                                          {value_of(outcome), now, id, value_of(Outcome::open)}});
    if (settled.changed == 0) return;  // settled before, or never charged
    std::vector<Statement> statements;
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
            {"UPDATE charge_accounts SET counts = 0 WHERE card = $1 AND domain = $2 AND version = $3 "
             "AND counts = 1 AND id <> $4 AND EXISTS (SELECT o.id FROM charges o WHERE o.id = charge_accounts.id AND "
             "o.charge = (SELECT charge FROM charges WHERE id = $4) AND "
             "(o.state = $5 OR (o.state = $6 AND o.charge = $7)))",
             {account.card, account.domain, account.version, id, value_of(Outcome::lost), value_of(Outcome::refused),
              value_of(Charge::content)}});
      }
    }
    database_.run_all(statements);
  }

  static std::set<std::string> cards_of(const std::vector<Account>& accounts) {
    std::set<std::string> cards;
    for (const Account& account : accounts) cards.insert(account.card);
    return cards;
  }

  /// Whoever charges or settles on a card waits for others that do. In order, so that no two wait for each other.
  void lock(const std::set<std::string>& cards) {
    for (const std::string& card : cards) database_.lock("budget of card " + card);
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
    if (domain) where += " AND (domain = $2 OR domain LIKE $4)";  // and what is counted within it, see StoreBudget
    if (version) where += " AND version = $3";
    const std::string within = (domain.value_or("").empty() ? "ISD" : *domain) + "/%";
    const std::vector<Value> values{card, domain.value_or(""), version.value_or(0), within};
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
