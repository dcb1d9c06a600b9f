// Two processes and one run: the one that holds it is stopped, the other takes it over, and the first goes on then. At
// most the one exchange that is in the journal already comes through, and the card does not take it.
#include <array>
#include <random>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/hex.h"
#include "kinds.h"
#include "witness.h"

namespace cw::journal {
namespace {

using At = KillPoint::At;

/// A run whose process is stopped, taken over by another one, and continued.
struct Story {
  std::unique_ptr<Bench> bench;
  std::string flow;
  std::vector<std::string> settings;
  KillPoint stop;
  std::optional<Process> first{};
  std::optional<Process> second{};
  std::string id{};
  std::string memory{};        // of a card after a run that nobody stopped
  std::vector<Seen> before{};  // what the card was given when the second had finished
  End of_second{};
  End of_first{};

  void begin() {
    stop.signal = SIGSTOP;
    bench->lease = std::chrono::milliseconds(1'500);
    bench->margin = std::chrono::milliseconds(300);
    first.emplace(bench->start(flow, settings, stop));
    ASSERT_TRUE(first->wait_until_stopped()) << first->end().error;
    id = bench->open_store()->runs().list({}).at(0).id;
    second.emplace(bench->start_resume(id));
  }
  void finish() {
    of_second = second->end();
    before = bench->host->seen();
    first->signal(SIGCONT);
    of_first = first->end();
  }
  std::vector<Seen> escaped() const {
    const std::vector<Seen> all = bench->host->seen();
    return {all.begin() + static_cast<long>(before.size()), all.end()};
  }
  void check() const {
    EXPECT_EQ(of_second.error, "");
    EXPECT_EQ(memory_of(*bench->card), memory);
    for (const std::string& line : complaints(*bench, id, before)) ADD_FAILURE() << line;
    EXPECT_LE(escaped().size(), 1U) << "one exchange, and no more";
    for (const Seen& one : escaped()) {
      if (one.command.empty() || !is_wrapped(one.command)) continue;
      EXPECT_EQ(one.answer.size(), 2U);
      EXPECT_NE(to_hex(one.answer), "9000") << to_hex(one.command);
    }
    EXPECT_TRUE(of_first.error.starts_with("store: ")) << of_first.error;
    EXPECT_NE(of_first.error.find("can be resumed"), std::string::npos) << of_first.error;
    EXPECT_EQ(bench->replay(id), "");
  }
};

class Leases : public testing::TestWithParam<Bench::On> {
 protected:
  void SetUp() override {
    if (GetParam() == Bench::On::postgres && ::getenv("CW_TEST_POSTGRES") == nullptr) {
      GTEST_SKIP() << "CW_TEST_POSTGRES names no server; ./test.sh unit starts one";
    }
  }

  static Story story_of(const std::string& kind_name, At at) {
    const Kind& kind = *kind_named(kind_name);
    Story out{std::make_unique<Bench>("generic", GetParam()), "", kSettings, {at, 0, kind.apdu}};
    out.bench->secrets = {{"pin", "123456"}};
    out.flow = flow_of(*out.bench, kind, Around::commands);
    const std::string card = card_before(*out.bench, kind);
    out.bench->put_in(card);
    const End whole = out.bench->run(out.flow, kSettings);
    EXPECT_EQ(whole.error, "");
    out.stop.number = exchange_of(*out.bench, kind, whole.id);
    out.memory = memory_of(*out.bench->card);
    out.bench->put_in(card);
    return out;
  }
};

TEST_P(Leases, WhoIsStoppedBetweenTheCheckAndTheWriteLetsOneCommandThroughAndTheCardRefusesIt) {
  std::vector<Story> stories;
  for (const char* kind : {"wrapped GET STATUS", "DELETE", "PUT KEY"}) stories.push_back(story_of(kind, At::checked));
  for (Story& story : stories) story.begin();
  for (Story& story : stories) {
    story.finish();
    story.check();
    EXPECT_EQ(story.escaped().size(), 1U);
    EXPECT_EQ(story.of_second.attempts, 2U) << "what is in doubt is not gone on with";
  }
}

TEST_P(Leases, WhoIsStoppedBeforeTheCheckLetsNothingThrough) {
  std::vector<Story> stories;
  for (const At at : {At::before_intent, At::after_intent}) {
    for (const char* kind : {"DELETE", "reset", "a call of a backend"}) stories.push_back(story_of(kind, at));
  }
  for (Story& story : stories) story.begin();
  for (Story& story : stories) {
    SCOPED_TRACE(name_of(story.stop.at) + " of exchange " + std::to_string(story.stop.number));
    story.finish();
    story.check();
    EXPECT_EQ(story.escaped().size(), 0U);
  }
}

TEST_P(Leases, WhoIsKilledOnAMachineThatNobodySeesIsWaitedForAsOneThatIsStopped) {
  Story story = story_of("PUT KEY", At::checked);
  story.bench->lease = std::chrono::milliseconds(600);
  story.bench->margin = std::chrono::milliseconds(200);
  const End killed = story.bench->run(story.flow, kSettings, story.stop);
  ASSERT_TRUE(killed.killed);
  // As if it had been another machine: nobody here can tell that the process is dead.
  const auto store = story.bench->open_store();
  store->database().run({"UPDATE runs SET holder = '1 1 other-boot pid:[1] 00 elsewhere' WHERE id = $1", {killed.id}});
  bool waited = false;
  const auto patience = [&](std::chrono::milliseconds) { return !std::exchange(waited, true); };
  EXPECT_THROW(store->runs().take(killed.id, patience), Error);
  EXPECT_TRUE(waited);
  EXPECT_EQ(story.bench->resume(killed.id).error, "");
  EXPECT_EQ(memory_of(*story.bench->card), story.memory);
}

TEST_P(Leases, WhereverAProcessIsStoppedAtMostOneExchangeComesThrough) {
  std::mt19937 random(20261125);
  Bench whole("generic", GetParam());
  whole.secrets = {{"holder", "Ada Lovelace"}, {"pin", "123456"}};
  const End end = whole.run("demo/install", kSettings);
  ASSERT_EQ(end.error, "");
  const auto exchanges = static_cast<unsigned>(exchanges_of(whole, end.id));
  const std::array points{At::before_intent, At::after_intent, At::checked, At::sent, At::answered};
  std::vector<Story> stories;
  for (int i = 0; i < 8; ++i) {
    const KillPoint stop{points[random() % points.size()], 1 + static_cast<int>(random() % exchanges)};
    stories.push_back({std::make_unique<Bench>("generic", GetParam()), "demo/install", kSettings, stop});
    stories.back().bench->secrets = whole.secrets;
    stories.back().memory = memory_of(*whole.card);
  }
  for (Story& story : stories) story.begin();
  for (Story& story : stories) {
    SCOPED_TRACE(name_of(story.stop.at) + " of exchange " + std::to_string(story.stop.number));
    story.finish();
    story.check();
  }
}

INSTANTIATE_TEST_SUITE_P(On, Leases, testing::Values(Bench::On::sqlite, Bench::On::postgres),
                         [](const auto& on) { return on.param == Bench::On::sqlite ? "sqlite" : "postgres"; });

}  // namespace
}  // namespace cw::journal
