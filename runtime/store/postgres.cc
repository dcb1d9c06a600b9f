#include <chrono>
#include <optional>
#include <thread>

#include "base/error.h"
#include "postgres_private.h"
#include "pq_private.h"

namespace cw::store {

namespace {

using Clock = std::chrono::steady_clock;

// A server that was away, or stood still, for too long is not asked again at once by all who still want something of
// it.
constexpr std::chrono::seconds kPause{1};
// How often two transactions may meet.
constexpr int kMeetings = 50;
// How often the server may go away during one transaction.
constexpr int kLosses = 5;

class Postgres : public Database {
 public:
  Postgres(const std::string& url, std::chrono::milliseconds patience) : pq_(url, patience), patience_(patience) {
    pq_.connect();
  }

  const std::string& where() const override { return pq_.where(); }

  Result run(const Statement& statement) override {
    if (inside_) return std::move(pq_.pipeline({&statement})[0]);
    Result result;
    again([&] {
      committing_ = !statement.sql.starts_with("SELECT");
      result = std::move(pq_.pipeline({&statement})[0]);
    });
    return result;
  }

  std::vector<Result> run_all(const std::vector<Statement>& statements) override {
    std::vector<const Statement*> all;
    for (const Statement& each : statements) all.push_back(&each);
    if (inside_) return pq_.pipeline(all);
    if (unhurried_ > 0) all.insert(all.begin(), &no_wait_);
    all.insert(all.begin(), &begin_);
    all.push_back(&commit_);
    std::vector<Result> results;
    again([&] {
      committing_ = true;  // COMMIT is on its way with the others
      results = pq_.pipeline(all);
    });
    results.erase(results.begin(), results.begin() + (unhurried_ > 0 ? 2 : 1));
    results.pop_back();
    return results;
  }

  void transact(const std::function<void()>& work) override {
    again([&] {
      const Inside inside(*this);
      pq_.command("BEGIN");
      if (unhurried_ > 0) pq_.command(no_wait_.sql);
      work();
      committing_ = pq_.alive();  // one that left before this does not commit
      // A server says so where an error in between was not passed on.
      if (pq_.command("COMMIT") != "COMMIT")
        throw Error(ErrorKind::internal, "a failed transaction was to be committed");
    });
  }

  void unhurried(const std::function<void()>& work) override {
    const Unhurried unhurried(unhurried_);
    work();
  }

  // Not again: who reads may have passed on what it saw.
  void snapshot(const std::function<void()>& work) override {
    revive();
    committing_ = false;
    const Inside inside(*this);
    // It locks nothing that others need, so it may take its time.
    pq_.command("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0");
    work();
    pq_.command("COMMIT");
  }

  void lock(const std::string& name) override {
    run({"SELECT COUNT(*) FROM (SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || $1, 0))) AS held",
         {name}});
  }

  std::vector<std::string> tables() override {
    std::vector<std::string> names;
    const Result found = run({"SELECT tablename FROM pg_tables WHERE schemaname = current_schema()", {}});
    for (const Row& each : found.rows) names.push_back(text(each[0]));
    return names;
  }

  // The server's vacuum does it.
  bool purge() override { return true; }

  std::vector<std::string> check() override {
    std::vector<std::string> wrong;
    if (text(run({"SELECT current_setting('fsync')", {}}).rows[0][0]) == "off") {
      wrong.push_back(where() + ": fsync is off on the server, so it loses what it said it had when its machine dies");
    }
    return wrong;
  }

 private:
  struct Inside {
    explicit Inside(Postgres& database) : db(database) { db.inside_ = true; }
    ~Inside() {
      db.inside_ = false;
      db.pq_.roll_back();  // whatever ended it; nothing is open after COMMIT
    }
    Postgres& db;
  };

  struct Unhurried {
    explicit Unhurried(int& depth) : count(depth) { ++count; }
    ~Unhurried() { --count; }
    int& count;
  };

  /// Until it is done: again where two transactions met, and where the server went away before it could know that it is
  /// to commit.
  void again(const std::function<void()>& attempt) {
    const Clock::time_point first = Clock::now();
    for (int meetings = 0, losses = 0;;) {
      revive();
      committing_ = false;
      const Clock::time_point sent = Clock::now();
      try {
        attempt();
        return;
      } catch (const Error& error) {
        const bool lost = !pq_.alive();
        if (lost && !away_since_) away_since_ = sent;
        const bool given_up = lost && (committing_ || ++losses > kLosses || sent - first > patience_);
        if (given_up && pq_.stalled()) refuse(error);
        if (lost && committing_) {
          throw Error(ErrorKind::store,
                      "cannot say whether the store " + where() +
                          " has what was written last: the server went away in the middle; it is looked up when it is "
                          "back",
                      {}, "unknown");
        }
        if (lost) {
          if (given_up) throw;
        } else {
          const bool met = pq_.state() == "40001" || pq_.state() == "40P01";
          pq_.roll_back();
          if (!met || ++meetings > kMeetings || error.kind() != ErrorKind::store) throw;
        }
      }
    }
  }

  /// Connects anew if the connection was lost. The server may be away for so long, or stand still; whoever comes after
  /// that is told at once.
  void revive() {
    if (refused_ && Clock::now() - refused_at_ < kPause) throw Error(*refused_);
    refused_.reset();
    while (!pq_.alive()) {
      if (!away_since_) away_since_ = Clock::now();
      try {
        pq_.connect();
      } catch (const Error& error) {
        if (Clock::now() - *away_since_ > patience_) {
          refuse(error);
          throw;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
      }
    }
    away_since_.reset();
  }

  /// For those who come within a moment.
  void refuse(const Error& why) {
    refused_ = why;
    refused_at_ = Clock::now();
  }

  Pq pq_;
  std::chrono::milliseconds patience_;
  bool inside_ = false;      // a transaction is open, as far as its work knows
  bool committing_ = false;  // what is under way may be committed if the server is lost now
  std::optional<Clock::time_point> away_since_{};
  std::optional<Error> refused_{};  // by a server that was away, or stood still, for too long
  Clock::time_point refused_at_{};
  const Statement begin_{"BEGIN", {}};
  const Statement commit_{"COMMIT", {}};
  const Statement no_wait_{"SET LOCAL synchronous_commit TO OFF", {}};
  int unhurried_ = 0;  // so many are under way, one in another
};

}  // namespace

std::unique_ptr<Database> open_postgres(const std::string& url, std::chrono::milliseconds patience) {
  return std::make_unique<Postgres>(url, patience);
}

}  // namespace cw::store
