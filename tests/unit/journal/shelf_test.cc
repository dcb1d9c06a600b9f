#include "journal/shelf.h"

#include <gtest/gtest.h>

#include "bench.h"
#include "se/sim_reader.h"

namespace cw::journal {
namespace {

TEST(Shelf, reads_the_scripts_of_runs_once_and_others_anew) {
  Bench bench;
  const auto store = bench.open_store();
  se::SimReader reader(bench.card);
  const auto read = [&](Shelf* shelf, const std::string& flow, const std::vector<std::string>& settings) {
    const auto journal = StoreJournal::begin(store, bench.setup(flow, settings, reader), {}, "test");
    const OpenedJournal opened = open_journal(*store, journal->id());
    return read_setup(*store, opened.head, opened.key, shelf);
  };
  const std::string cap = "cap=" + std::string(CW_SOURCE_DIR) + "/tests/caps/wallet-1.0.cap";
  bench.secrets = {{"holder", "somebody"}};
  Shelf shelf;
  const engine::RunSetup first = read(&shelf, "demo/install", {cap, "number=1"});
  const engine::RunSetup second = read(&shelf, "demo/install", {cap, "number=2"});
  EXPECT_EQ(second.bundle, first.bundle);
  EXPECT_EQ(second.policy, first.policy);
  ASSERT_TRUE(second.flow);
  EXPECT_EQ(second.flow->name, "demo/install");
  EXPECT_EQ(std::get<std::string>(second.arguments.values.at("number")), "2") << "what is the run's own is not shared";

  const engine::RunSetup alone = read(nullptr, "demo/install", {cap, "number=1"});
  EXPECT_NE(alone.bundle, first.bundle);
  EXPECT_EQ(alone.bundle->hash(), first.bundle->hash());

  bench.secrets.clear();
  const engine::RunSetup other = read(&shelf, "demo/inventory", {});
  EXPECT_EQ(other.flow->name, "demo/inventory");
}

TEST(Shelf, keeps_nothing_of_what_could_not_be_read) {
  Shelf shelf;
  EXPECT_THROW(shelf.find("a", []() -> Scripts { throw Error(ErrorKind::store, "gone"); }), Error);
  bool read = false;
  shelf.find("a", [&] {
    read = true;
    return Scripts();
  });
  EXPECT_TRUE(read);
}

}  // namespace
}  // namespace cw::journal
