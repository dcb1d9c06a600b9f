// A process is killed between PUT KEY and its answer. What it was about to do is in the store; another process asks the
// card, and the store learns what became of it.
#include <csignal>
#include <filesystem>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../engine/rotation_bench.h"
#include "base/files.h"
#include "journal/key_watch_store.h"
#include "store/ledgers.h"
#include "store/schema.h"

namespace cw::journal {
namespace {

namespace test = engine::test;

/// Kills its process at PUT KEY, before or after the card has acted; the card's memory is in a file.
class DeadlyReader : public card::Reader {
 public:
  DeadlyReader(std::shared_ptr<se::Card> card, std::filesystem::path memory, bool card_acts)
      : card_(std::move(card)), inner_(card_), memory_(std::move(memory)), card_acts_(card_acts) {}
  std::string name() const override { return inner_.name(); }
  Bytes reset() override { return inner_.reset(); }
  Bytes transmit(ByteView command) override {
    if (command[1] != test::kPutKey) return inner_.transmit(command);
    if (card_acts_) inner_.transmit(command);
    write_file_atomically(memory_, view(card_->save()), true);
    ::raise(SIGKILL);
    return {};
  }

 private:
  std::shared_ptr<se::Card> card_;
  se::SimReader inner_;
  std::filesystem::path memory_;
  bool card_acts_;
};

class RotationDeath : public testing::TestWithParam<std::tuple<bool, bool>> {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "cw-journal-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// A process with a connection of its own.
  engine::RunResult rotate(const test::Bench& bench, card::Reader& reader, const std::string& run) const {
    const auto database = store::open_database((folder_ / "store").string(), true);
    store::bring_up(*database, store::formats(), true, true);
    const auto rotations = store::make_rotations(*database);
    StoreKeyWatch watch(*rotations, run, [] { return int64_t{1'767'225'600'000}; });
    return bench.rotate(reader, 1, &watch);
  }
  std::vector<store::Rotation> rotations(bool all) const {
    const auto database = store::open_database((folder_ / "store").string(), false);
    return store::make_rotations(*database)->list(all);
  }

  std::filesystem::path folder_;
};

TEST_P(RotationDeath, the_store_names_both_candidates_and_the_card_decides) {
  const auto [in_place, card_acts] = GetParam();
  const test::Bench bench(in_place ? test::kInPlace : test::kBeside);
  const std::filesystem::path memory = folder_ / "card";
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    DeadlyReader reader(bench.card(), memory, card_acts);
    rotate(bench, reader, "run-1");
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

  const std::vector<store::Rotation> open = rotations(false);
  ASSERT_EQ(open.size(), 1u);
  EXPECT_EQ(rotation_line(open[0]),
            "card KDD-00000000000000000001, domain F063617264770001: from 'old' (version 30) to "
            "'new' (version " +
                std::string(in_place ? "30" : "31") + "), run run-1, not decided");

  const auto card = std::make_shared<se::Card>(se::Card::load(to_string(read_file(memory)), bench.flavor));
  test::WatchedReader reader(card);
  const engine::RunResult again = rotate(bench, reader, "run-2");
  EXPECT_FALSE(again.error) << test::text(again);
  EXPECT_EQ(reader.sent(test::kPutKey), card_acts ? 0 : 1);
  EXPECT_EQ(reader.wrong_cryptograms, 0);
  EXPECT_TRUE(rotations(false).empty());
  EXPECT_EQ(rotations(true).back().decided, "after");
  EXPECT_EQ(rotations(true).size(), card_acts ? 1u : 2u) << "the first was decided before the second began";
}

INSTANTIATE_TEST_SUITE_P(Killed, RotationDeath, testing::Combine(testing::Bool(), testing::Bool()),
                         [](const auto& story) {
                           return std::string(std::get<0>(story.param) ? "in_place" : "beside") +
                                  (std::get<1>(story.param) ? "_after_the_card_acted" : "_before_the_card_acted");
                         });

}  // namespace
}  // namespace cw::journal
