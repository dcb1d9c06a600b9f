// Random schedules of several nodes on one store: runs that charge, ask a card and settle, that die anywhere in
// between, go on elsewhere, or charge twice since they did not hear of the first; operators that reset. The card counts
// by itself, and knows nothing of the store. CW_TEST_SCHEDULES says how many; their seeds are 1, 2...

#include <array>
#include <map>
#include <random>

#include <stdlib.h>

#include "engines.h"
#include "store/ledgers.h"

namespace cw::store {
namespace {

constexpr BudgetLimits kLimits{2, 5};

/// Attempts on one key version, as the card and somebody who sees all of it would count them.
struct Counted {
  int64_t refused = 0;     // it said no, and the process lived to say so
  int64_t unanswered = 0;  // no answer came, or the process died before it could say which
};

enum class CardSays { yes, no, nothing };

class Schedule {
 public:
  Schedule(uint64_t seed, std::vector<Budgets*> nodes) : seed_(seed), random_(seed), nodes_(std::move(nodes)) {}

  void play(int steps) {
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) step();
  }

 private:
  struct Attempt {
    std::string id{};
    std::string run{};
    Account account{};    // what was charged
    int64_t version = 0;  // what the card chose
    bool asked = false;
    CardSays says = CardSays::nothing;
  };

  size_t pick(size_t below) { return std::uniform_int_distribution<size_t>(0, below - 1)(random_); }
  Budgets& node() { return *nodes_[pick(nodes_.size())]; }
  std::string told() const { return "seed " + std::to_string(seed_) + ", step " + std::to_string(step_); }
  /// A card of this schedule's own, with two domains of two key versions.
  std::string card() const { return "card " + std::to_string(seed_); }
  std::string domain() { return pick(2) == 0 ? "" : "A0000001"; }

  void step() {
    ++step_;
    const size_t what = pick(100);
    if (what < 45 || attempts_.empty()) {
      begin();
    } else if (what < 60) {
      ask(attempts_[pick(attempts_.size())]);
    } else if (what < 85) {
      settle(pick(attempts_.size()));
    } else if (what < 98) {
      die(pick(attempts_.size()));
    } else {
      reset();
    }
    for (const auto& [key, counted] : counted_) {
      EXPECT_LE(counted.refused, kLimits.refused) << told();
      EXPECT_LE(counted.unanswered, kLimits.lost) << told();
    }
    if (step_ % 10 == 0) compare();
  }

  /// The store never counts less than there was.
  void compare() {
    for (const auto& [key, counted] : counted_) {
      const Spent spent = node().spent(Charge::authentication, {card(), key.first, key.second});
      EXPECT_GE(spent.refused, counted.refused) << told();
      EXPECT_GE(spent.refused + spent.lost, counted.refused + counted.unanswered) << told();
      EXPECT_LE(spent.refused, kLimits.refused) << told();
      EXPECT_LE(spent.lost, kLimits.lost) << told();
    }
  }

  void begin() {
    Attempt attempt;
    attempt.id = card() + "/" + std::to_string(step_);
    // A run of its own, or one that goes on after its process died.
    attempt.run = attempt.id;
    if (!dead_.empty() && pick(2) == 0) {
      attempt.run = dead_.back();
      dead_.pop_back();
    }
    attempt.version = static_cast<int64_t>(pick(2)) + 1;
    attempt.account = {card(), domain(), attempt.version};
    if (pick(3) == 0) {
      attempt.account.version = 0;
      attempt.version = 1;  // a card chooses the same as long as its keys stay
    }
    const auto charge = [&] {
      node().charge(attempt.id, Charge::authentication, {attempt.account}, kLimits, attempt.run);
    };
    try {
      charge();
      if (pick(4) == 0) charge();  // the answer to the first was not heard
    } catch (const Error& error) {
      ASSERT_EQ(error.kind(), ErrorKind::budget) << told() << ": " << error.message();
      return;
    }
    attempts_.push_back(attempt);
  }

  /// At most once: then an attempt is settled, or its process is dead.
  void ask(Attempt& attempt) {
    if (attempt.asked) return;
    attempt.asked = true;
    attempt.says = std::array{CardSays::yes, CardSays::no, CardSays::no, CardSays::nothing}[pick(4)];
    // Until it is settled, nobody but the card knows.
    if (attempt.says != CardSays::yes) ++counter(attempt).unanswered;
  }

  void settle(size_t index) {
    Attempt attempt = attempts_[index];
    ask(attempt);
    attempts_.erase(attempts_.begin() + static_cast<std::ptrdiff_t>(index));
    const std::vector<Account> chosen{{card(), attempt.account.domain, attempt.version}};
    Counted& counted = counter(attempt);
    const int times = pick(4) == 0 ? 2 : 1;
    for (int i = 0; i < times; ++i) {
      if (attempt.says == CardSays::yes) {
        node().settle(attempt.id, Outcome::refunded, chosen, true);
      } else if (attempt.says == CardSays::no) {
        node().settle(attempt.id, Outcome::refused, chosen);
      } else {
        node().settle(attempt.id, Outcome::lost);
      }
    }
    if (attempt.says == CardSays::no) {
      --counted.unanswered;
      ++counted.refused;
    } else if (attempt.says == CardSays::yes) {
      // The card has set its counter back. Attempts that are still under way began before, and end after.
      counted.unanswered = under_way(attempt);
    }
  }

  int64_t under_way(const Attempt& of) const {
    int64_t count = 0;
    for (const Attempt& each : attempts_) {
      const bool same = each.account.domain == of.account.domain && each.version == of.version;
      if (same && each.asked && each.says != CardSays::yes) ++count;
    }
    return count;
  }

  /// Its process dies, before or after the card was asked. Others may find that out, or the run goes on, or neither.
  void die(size_t index) {
    const Attempt attempt = attempts_[index];
    attempts_.erase(attempts_.begin() + static_cast<std::ptrdiff_t>(index));
    const size_t then = pick(3);
    if (then == 0) node().lose(attempt.run);
    if (then == 1) dead_.push_back(attempt.run);
  }

  void reset() {
    node().reset(card(), {}, {}, "ada@desk", "random");
    for (auto& [key, counted] : counted_) counted = {};
    attempts_.clear();  // what is under way is forgiven as well, and its processes die
  }

  Counted& counter(const Attempt& attempt) { return counted_[{attempt.account.domain, attempt.version}]; }

  uint64_t seed_;
  std::mt19937_64 random_;
  std::vector<Budgets*> nodes_;
  int step_ = 0;
  std::vector<Attempt> attempts_{};                               // charged, their processes alive
  std::vector<std::string> dead_{};                               // runs that may go on
  std::map<std::pair<std::string, int64_t>, Counted> counted_{};  // by domain and key version
};

class BudgetSchedules : public OnEngine {
 protected:
  /// A store that forgets when the machine dies is enough here, and many times as fast.
  std::unique_ptr<Database> hasty(std::unique_ptr<Database> made) const {
    made->run({on_postgres() ? "SET synchronous_commit = off" : "PRAGMA synchronous = OFF", {}});
    return made;
  }
};

TEST_P(BudgetSchedules, NoScheduleGoesBeyondALimit) {
  struct Node {
    std::unique_ptr<Database> database;
    std::unique_ptr<Audit> audit;
    std::unique_ptr<Budgets> budgets;
  };
  std::vector<Node> nodes;
  std::vector<Budgets*> all;
  for (int i = 0; i < 3; ++i) {
    Node node;
    node.database = hasty(i == 0 ? database_with_tables() : database());
    node.audit = make_audit(*node.database);
    node.budgets = make_budgets(*node.database, *node.audit);
    all.push_back(node.budgets.get());
    nodes.push_back(std::move(node));
  }
  const char* wanted = ::getenv("CW_TEST_SCHEDULES");
  const uint64_t schedules = wanted != nullptr ? std::stoull(wanted) : on_postgres() ? 500 : 2000;
  for (uint64_t seed = 1; seed <= schedules && !HasFailure(); ++seed) Schedule(seed, all).play(30);
  EXPECT_EQ(nodes[0].audit->verify({}).broken.value_or(""), "");
}

INSTANTIATE_TEST_SUITE_P(On, BudgetSchedules, both_engines(), engine_name);

}  // namespace
}  // namespace cw::store
