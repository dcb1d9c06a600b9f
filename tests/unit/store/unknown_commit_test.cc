// A server that goes away in the middle of a commit: it was done, or it was not, and nobody can tell.

#include "engines.h"
#include "store/ledgers.h"

namespace cw::store {
namespace {

enum class Fate { committed, not_committed };

/// Says once that it does not know whether it committed.
class Forgetful : public Database {
 public:
  Forgetful(Database& inner, Fate fate) : inner_(inner), fate_(fate) {}

  int left = 0;  // how often

  const std::string& where() const override { return inner_.where(); }
  Result run(const Statement& statement) override {
    Result result;
    if (inside_ || statement.sql.starts_with("SELECT")) return inner_.run(statement);
    commit([&] { result = inner_.run(statement); });
    return result;
  }
  std::vector<Result> run_all(const std::vector<Statement>& statements) override { return inner_.run_all(statements); }
  void transact(const std::function<void()>& work) override {
    commit([&] {
      inside_ = true;
      inner_.transact(work);
      inside_ = false;
    });
  }
  void snapshot(const std::function<void()>& work) override { inner_.snapshot(work); }
  void lock(const std::string& name) override { inner_.lock(name); }
  std::vector<std::string> tables() override { return inner_.tables(); }
  bool purge() override { return inner_.purge(); }
  std::vector<std::string> check() override { return inner_.check(); }

 private:
  void commit(const std::function<void()>& work) {
    const bool forgets = left > 0;
    if (forgets) --left;
    if (!forgets || fate_ == Fate::committed) work();
    if (forgets) throw Error(ErrorKind::store, "the server went away", {}, "unknown");
  }

  Database& inner_;
  Fate fate_;
  bool inside_ = false;
};

class UnknownCommits : public OnEngine {
 protected:
  void SetUp() override {
    OnEngine::SetUp();
    if (!IsSkipped()) database_ = database_with_tables();
  }

  std::unique_ptr<Database> database_;
};

TEST_P(UnknownCommits, ACardIsChargedOnceAndSettledOnce) {
  for (const Fate fate : {Fate::committed, Fate::not_committed}) {
    Forgetful database(*database_, fate);
    const std::unique_ptr<Audit> audit = make_audit(database);
    const std::unique_ptr<Budgets> budgets = make_budgets(database, *audit);
    const Account account{fate == Fate::committed ? "card 1" : "card 2", "", 1};
    for (int i = 1; i <= 2; ++i) {
      const std::string id = account.card + " " + std::to_string(i);
      database.left = 1;
      budgets->charge(id, Charge::authentication, {account}, {}, "run");
      EXPECT_EQ(budgets->spent(Charge::authentication, account).lost, 1);
      database.left = 1;
      budgets->settle(id, Outcome::refused);
      EXPECT_EQ(budgets->spent(Charge::authentication, account).refused, i);
    }
  }
}

TEST_P(UnknownCommits, AParcelIsPutInDeliveredAndRotationsBeginAndEndOnce) {
  for (const Fate fate : {Fate::committed, Fate::not_committed}) {
    Forgetful database(*database_, fate);
    const std::string name = fate == Fate::committed ? "a" : "b";
    const std::unique_ptr<Outbox> outbox = make_outbox(database);
    Parcel parcel;
    parcel.key = name;
    database.left = 1;
    outbox->put(parcel);
    ASSERT_TRUE(outbox->take(1, 1000));
    database.left = 1;
    outbox->failed(name, 5, "503", false);
    ASSERT_TRUE(outbox->take(5, 1000));
    database.left = 1;
    outbox->delivered(name);
    EXPECT_TRUE(outbox->list(false).empty());

    const std::unique_ptr<Rotations> rotations = make_rotations(database);
    const Rotation rotation{name, "", {"old", 1}, {"new", 2}, "run", 1000, ""};
    database.left = 1;
    rotations->begin(rotation);
    EXPECT_EQ(rotations->list(false).size(), 1U);
    database.left = 1;
    rotations->opened_with(name, "", {"new", 2});
    EXPECT_TRUE(rotations->list(false).empty());
  }
}

TEST_P(UnknownCommits, APolicyIsLoadedUsedAndRolledBackOnce) {
  for (const Fate fate : {Fate::committed, Fate::not_committed}) {
    Forgetful database(*database_, fate);
    const std::unique_ptr<Audit> audit = make_audit(database);
    const std::unique_ptr<Versions> policies = make_policies(database, *audit);
    const std::string first(64, fate == Fate::committed ? 'A' : 'C'), second(64, fate == Fate::committed ? 'B' : 'D');
    const int64_t records = audit->size();
    const auto uses = static_cast<int64_t>(policies->history().size());
    for (const std::string& hash : {first, second}) {
      Version version;
      version.hash = hash;
      version.loaded_by = "ada@desk";
      database.left = 1;
      EXPECT_TRUE(policies->load(version, to_bytes("sealed"))) << "it was not there before";
      database.left = 1;
      EXPECT_EQ(policies->use(hash, "ada@desk", "why").hash, hash);
    }
    database.left = 1;
    EXPECT_EQ(policies->roll_back("ada@desk", "it was wrong").hash, first);
    EXPECT_EQ(policies->in_use()->hash, first);
    EXPECT_EQ(policies->in_use()->number, uses + 3);
    database.left = 1;
    policies->discard(second, "ada@desk");
    EXPECT_EQ(audit->size(), records + 6);
  }
}

TEST_P(UnknownCommits, AServerThatIsLostAtEachOfThemIsGivenUp) {
  Forgetful database(*database_, Fate::committed);
  const std::unique_ptr<Audit> audit = make_audit(database);
  const std::unique_ptr<Budgets> budgets = make_budgets(database, *audit);
  database.left = 1000;
  EXPECT_EQ(cause_of([&] { budgets->charge("a", Charge::authentication, {{"card", "", 1}}, {}, "run"); }), "unknown");
  database.left = 0;
  EXPECT_EQ(budgets->spent(Charge::authentication, {"card", "", 1}).lost, 1);
}

INSTANTIATE_TEST_SUITE_P(On, UnknownCommits, both_engines(), engine_name);

}  // namespace
}  // namespace cw::store
