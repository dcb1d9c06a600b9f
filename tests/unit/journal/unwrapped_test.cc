// Keys that a backend sent, in runs that are killed, rest and are taken up: custody unwraps them again from the
// journal, where they are under the KEK, and no process keeps them.
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"
#include "bench.h"
#include "journal/key_watch_store.h"
#include "journal/replay_run.h"
#include "journal/shadow.h"
#include "journal/wire_check.h"

namespace cw::journal {
namespace {

using At = KillPoint::At;

constexpr const char* kKek = "000102030405060708090A0B0C0D0E0F";
// The keys of a new simulated card under it (pycryptodome).
constexpr const char* kFactory = "2AC40133BA646360D073E62FCDDCD2687E5979266BA7EC1D";

/// Asks for the card's keys, opens it with them, and rests twice.
struct UnwrappedBench : Bench {
  UnwrappedBench() {
    kek = kKek;
    told = std::string(kFactory) + " 504A77";
    flow = flow_file("taken", R"(
    local said = http.request { url = "https://backend.test/keys" }.body
    local k, c = hex.decode(said:match "^%x+"), hex"504A77"
    local set = keys.unwrap { under = "test.kek", version = 0x30, from = "https://backend.test/", keys = { k, k, k },
                              kcvs = { c, c, c } }
    local isd = gp.open(run.card, { keys = set.name, version = 0x30, flavor = run.flavor })
    clock.sleep(0.05)
    isd:registry()
    clock.sleep(0.05)
    isd:key_info())",
                     R"(needs = { keys = { "test.kek" }, backends = { "https://backend.test/" } },)");
  }
  std::vector<std::string> audited(const std::string& run, const std::string& action = "keys unwrapped") const {
    std::vector<std::string> out;
    for (const store::AuditRecord& record : open_store()->audit().list(1, 0)) {
      if (record.entry.action != action || record.entry.subject != run) continue;
      std::string line;
      for (const auto& [name, value] : record.entry.details) line += (line.empty() ? "" : ", ") + name + "=" + value;
      out.push_back(line);
    }
    return out;
  }
  std::string flow;
};

constexpr const char* kAudited = "kek=test.kek, backend=https://backend.test/, keys=run:card, version=30";

TEST(UnwrappedKeys, OpenTheCardAndTheAuditSaysUnderWhichKekTheyCame) {
  UnwrappedBench bench;
  const Bench::End end = bench.run(bench.flow, {});
  EXPECT_EQ(end.error, "");
  EXPECT_EQ(bench.audited(end.id), std::vector<std::string>{kAudited});
  EXPECT_EQ(bench.replay(end.id), "");
}

TEST(UnwrappedKeys, ThatAreNoneAreInTheAuditToo) {
  UnwrappedBench bench;
  bench.told = std::string("2AC40133BA646360D073E62FCDDCD2687E5979266BA7EC1E") + " 504A77";
  const Bench::End end = bench.run(bench.flow, {});
  EXPECT_NE(end.error.find("integrity check"), std::string::npos) << end.error;
  EXPECT_EQ(bench.audited(end.id), std::vector<std::string>{});
  const std::vector<std::string> refused = bench.audited(end.id, "keys not unwrapped");
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0].find(kAudited), 0U) << refused[0];
  EXPECT_NE(refused[0].find("because=keys of https://backend.test/ under 'test.kek', ENC"), std::string::npos)
      << refused[0];
}

TEST(UnwrappedKeys, AreUnwrappedAgainWhereAnotherProcessGoesOnInTheirChannel) {
  UnwrappedBench bench;
  // Reset, the call, SELECT, the handshake; then the script waits, and GET STATUS is written.
  const Bench::End killed = bench.run(bench.flow, {}, {At::committed, 4});
  ASSERT_TRUE(killed.killed) << killed.error;
  bench.told = "nothing that could be unwrapped";
  bench.host->forget();
  const Bench::End end = bench.resume(killed.id);
  EXPECT_EQ(end.error, "");
  EXPECT_EQ(end.attempts, 1U) << open_journal(*bench.open_store(), killed.id).lines.recorded;
  for (const Seen& seen : bench.host->seen()) EXPECT_NE(seen.command.at(1), 0x50) << "no handshake again";
  EXPECT_EQ(bench.audited(end.id), std::vector<std::string>{kAudited}) << "told once";
  EXPECT_EQ(bench.replay(end.id), "");
}

TEST(UnwrappedKeys, AreUnwrappedAgainWhereTheRunWasDroppedFromMemory) {
  UnwrappedBench bench;
  bench.long_wait = std::chrono::milliseconds(1);
  const Bench::End end = bench.run(bench.flow, {});
  EXPECT_EQ(end.error, "");
  EXPECT_EQ(end.attempts, 1U);
  EXPECT_EQ(end.rebuilt, 2);
}

TEST(UnwrappedKeys, AreAskedForAnewByTheNextAttempt) {
  UnwrappedBench bench;
  const Bench::End killed = bench.run(bench.flow, {}, {At::committed, 4});
  ASSERT_TRUE(killed.killed) << killed.error;
  bench.host->power_off();
  const Bench::End end = bench.resume(killed.id);
  EXPECT_EQ(end.error, "");
  EXPECT_EQ(end.attempts, 2U);
  EXPECT_EQ(bench.audited(end.id).size(), 2U);
}

TEST(UnwrappedKeys, GoOnNowhereWhereTheKekIsAnother) {
  UnwrappedBench bench;
  const Bench::End killed = bench.run(bench.flow, {}, {At::committed, 4});
  ASSERT_TRUE(killed.killed) << killed.error;
  bench.kek = std::string(32, '5');
  const Bench::End end = bench.resume(killed.id);
  EXPECT_NE(end.error.find("integrity check"), std::string::npos) << end.error;
  EXPECT_NE(
      open_journal(*bench.open_store(), killed.id).lines.recorded.find("unwrapping again what was unwrapped before"),
      std::string::npos)
      << "the attempt that was under way says why it ended";
}

TEST(UnwrappedKeys, OfARunThatIsNotOverNeedTheKekAndNothingElse) {
  UnwrappedBench bench;
  const Bench::End killed = bench.run(bench.flow, {}, {At::committed, 4});
  ASSERT_TRUE(killed.killed) << killed.error;
  const auto store = bench.open_store();
  EXPECT_EQ(store->runs().keys_of(killed.id), (std::vector<store::NamedKeys>{{"test.kek", 0}}));
  EXPECT_THROW(refuse_to_lose(*store, "test.kek"), Error);
  bench.kek.clear();
  const auto lost = lost_keys(*store, killed.id, *bench.keys());
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_EQ(lost[0].set, "test.kek");
}

TEST(UnwrappedKeys, MakeTheSameBytesAgainWhereTheWireIsChecked) {
  UnwrappedBench bench;
  const Bench::End end = bench.run(bench.flow, {});
  ASSERT_EQ(end.error, "");
  const auto store = bench.open_store();
  const OpenedJournal journal = open_journal(*store, end.id);
  const auto check_with = [&](const crypto::KeyStore& keys) {
    engine::RunSetup setup = read_setup(*store, journal.head, journal.key);
    const std::map<std::string, Secret> none;
    engine::Custody custody(keys, none);
    WireCheck check(journal.lines, journal.key, custody, journal.head.traits);
    ReplayOptions options;
    options.around = [&](std::unique_ptr<engine::RunOutside> inner) { return check.around(std::move(inner)); };
    const Replayed replayed = replay_run(journal, std::move(setup), options);
    EXPECT_FALSE(replayed.difference) << replayed.difference->message();
    EXPECT_FALSE(check.different()) << *check.different();
    return std::tuple(check.checked() > 3, check.unchecked() > 0, check.missing());
  };
  EXPECT_EQ(check_with(*bench.keys()), std::tuple(true, false, std::set<std::string>{}));
  bench.kek = std::string(32, '5');
  const auto [checked, unchecked, missing] = check_with(*bench.keys());
  EXPECT_TRUE(unchecked);
  EXPECT_TRUE(missing.contains("test.kek"));
}

TEST(UnwrappedKeys, AreAskedAboutWhereAnotherPolicyIsTriedOnTheRun) {
  UnwrappedBench bench;
  const Bench::End end = bench.run(bench.flow, {});
  ASSERT_EQ(end.error, "");
  const auto store = bench.open_store();
  const OpenedJournal journal = open_journal(*store, end.id);
  const auto verdict_of = [&](const std::string& allows) {
    engine::RunSetup setup = read_setup(*store, journal.head, journal.key);
    const auto policy = engine::Policy::parse("other.lua",
                                              "return { name = 'other', api = 1, allow = { backends = { "
                                              "['https://backend.test/'] = { " +
                                                  allows + " } } } }",
                                              *bench.bundle);
    Shadow shadow(policy, engine::check_flow(*setup.bundle, setup.flow_name), setup);
    ReplayOptions options;
    options.around = [&](std::unique_ptr<engine::RunOutside> inner) { return shadow.around(std::move(inner)); };
    EXPECT_FALSE(replay_run(journal, std::move(setup), options).difference);
    for (const Verdict& verdict : shadow.verdicts()) {
      if (verdict.request.starts_with("unwrap ")) return verdict.is == Verdict::Is::allowed ? "" : verdict.because;
    }
    return std::string("not asked");
  };
  EXPECT_EQ(verdict_of("keks = { 'test.kek' }"), "");
  EXPECT_NE(verdict_of("").find("does not name this KEK"), std::string::npos);
}

}  // namespace
}  // namespace cw::journal
