// A script that, built again, asks for something else than its journal has: the attempt ends, the first difference is
// named, and the next attempt starts from the top. The same bundle does not do that, so the journals are forged here.
#include <gtest/gtest.h>

#include "base/error.h"
#include "kinds.h"
#include "witness.h"

namespace cw::journal {
namespace {

using At = KillPoint::At;

const std::string kFlow = R"(
    local isd = gp.open(run.card, { keys = "isd", level = "mac+enc", flavor = run.flavor })
    isd:expect(apdu.command { cla = 0x80, ins = 0xCA, p1 = 0x00, p2 = 0xE0, le = 256 })
    clock.sleep(0.002)
    isd:expect(apdu.command { cla = 0x80, ins = 0xCA, p1 = 0x00, p2 = 0xE0, le = 256 }))";

/// A run that was killed while it waits, with nothing in doubt.
struct Waiting : Bench {
  Waiting() {
    killed = run(flow_file("story", kFlow), {}, {At::committed, 3});
    EXPECT_TRUE(killed.killed) << killed.error;
  }
  /// In each frame of the journal. The frames are sealed as they were.
  void forge(const std::string& from, const std::string& to) {
    const auto store = open_store();
    const crypto::SealingKey key = open_run_key(*store, killed.id);
    const std::vector<Bytes> frames = store->runs().frames(killed.id);
    int found = 0;
    for (size_t i = 0; i < frames.size(); ++i) {
      const auto number = static_cast<int64_t>(i);
      std::string text = to_string(key.open(frames[i], frame_context(number)));
      for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
        ++found;
      }
      store->database().run({"UPDATE frames SET content = $1 WHERE run = $2 AND number = $3",
                             {key.seal(view(text), frame_context(number)), killed.id, number}});
    }
    EXPECT_GT(found, 0) << from;
  }
  std::string recorded() const { return open_journal(*open_store(), killed.id).lines.recorded; }
  End killed{};
};

TEST(Divergence, TheFirstCallThatIsAnotherIsNamedAndTheNextAttemptStartsFromTheTop) {
  Waiting run;
  run.forge("1> 80CA00E0", "1> 80CA0042");
  run.host->forget();
  const End end = run.resume(run.killed.id);
  EXPECT_EQ(end.error, "");
  EXPECT_EQ(end.attempts, 2U);
  EXPECT_TRUE(run.host->seen().at(0).command.empty()) << "the card is reset first";
  const std::string lines = run.recorded();
  EXPECT_NE(lines.find("failed => error usage"), std::string::npos) << lines;
  EXPECT_NE(lines.find("recorded is '1> 80CA0042 le=256', and the flow did '1> 80CA00E0 le=256'"), std::string::npos)
      << lines;
}

TEST(Divergence, AScriptThatAsksForLessHasDivergedToo) {
  Waiting run;
  run.forge("wait 2\n", "wait 2\n0> 00A40400 A0 le=256 => 9000\nwait 2\n");
  // The flow waits once and not twice, so it stands before the SELECT that the journal has.
  const End end = run.resume(run.killed.id);
  EXPECT_EQ(end.error, "");
  EXPECT_EQ(end.attempts, 2U);
  EXPECT_NE(run.recorded().find("recorded is '0> 00A40400 A0 le=256'"), std::string::npos) << run.recorded();
}

TEST(Divergence, AScriptThatEndsWhereItsJournalGoesOnHasDivergedAndIsNotDone) {
  Waiting run;
  // What it sends after the wait is answered in the journal already, and more.
  run.forge("wait 2\n", "wait 2\n1> 80CA00E0 le=256 => 9000\nrandom 8 => 0011223344556677\nwait 2\n");
  const End end = run.resume(run.killed.id);
  EXPECT_EQ(end.error, "");
  EXPECT_EQ(end.attempts, 2U);
  EXPECT_NE(run.recorded().find("the flow came to its end, and the recorded run went on with 'random 8'"),
            std::string::npos)
      << run.recorded();
}

TEST(Divergence, AnAttemptOfAnotherApiIsNotBuiltAgain) {
  Waiting run;
  run.forge("\"api\":" + std::to_string(kApi), "\"api\":" + std::to_string(kApi + 1));
  const End end = run.resume(run.killed.id);
  EXPECT_EQ(end.error, "");
  EXPECT_EQ(end.attempts, 2U);
  EXPECT_NE(run.recorded().find("begun by a program with API " + std::to_string(kApi + 1)), std::string::npos)
      << run.recorded();
  EXPECT_EQ(run.replay(run.killed.id), "");
}

TEST(Divergence, KeysThatAreOthersByNowEndTheAttemptAndNotTheChannelOfSomebody) {
  Waiting run;
  run.host->forget();
  // The journal says that the card answered something else to INITIALIZE UPDATE, so no key opens that channel.
  run.forge("\"host_challenge\":\"", "\"host_challenge\":\"00");
  const End end = run.resume(run.killed.id);
  EXPECT_EQ(end.error, "");
  EXPECT_EQ(end.attempts, 2U);
  EXPECT_NE(run.recorded().find("going on in the channels that were open"), std::string::npos) << run.recorded();
  for (const std::string& line : complaints(run, run.killed.id, run.host->seen())) ADD_FAILURE() << line;
}

}  // namespace
}  // namespace cw::journal
