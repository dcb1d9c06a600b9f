// Scenarios on the simulated card: what it costs to start one, and a thousand of them, read from their files.
#include <filesystem>
#include <fstream>

#include <benchmark/benchmark.h>
#include <stdlib.h>

#include "base/hex.h"
#include "scenario/playbill.h"
#include "se/sim_reader.h"

namespace cw {
namespace {

namespace fs = std::filesystem;

constexpr int kMany = 1000;

class Card : public scenario::PlayedCard {
 public:
  explicit Card(uint64_t seed) : card_(std::make_shared<se::Card>(se::flavor("generic"))), reader_(card_) {
    card_->seed(seed);
  }
  card::Reader& reader() override { return reader_; }
  std::shared_ptr<se::Card> chip() override { return card_; }

 private:
  std::shared_ptr<se::Card> card_;
  se::SimReader reader_;
};

class Cards : public scenario::Supply {
 public:
  Cards() {
    const se::FactoryKeys& keys = se::flavor("generic").keys.front();
    const std::string text = "[isd]\ntype = aes\nversion = " + to_hex(keys.version) + "\nenc = " + to_hex(keys.enc) +
                             "\nmac = " + to_hex(keys.mac) + "\ndek = " + to_hex(keys.dek) + "\n";
    keys_ = std::make_shared<crypto::FileKeyStore>(crypto::FileKeyStore::parse(Secret::copy(view(text)), "bench"));
  }
  std::string name(const std::string& flavor) const override { return "sim:" + flavor; }
  std::vector<std::string> flavors() const override { return {"generic"}; }
  bool fresh() const override { return true; }
  bool simulated() const override { return true; }
  std::unique_ptr<scenario::PlayedCard> card(const std::string&, const std::optional<std::string>&,
                                             uint64_t seed) override {
    auto out = std::make_unique<Card>(seed);
    out->product = se::flavor("generic");
    out->flavor = {{"name", std::string("generic")}, {"isd_aid", out->product.isd_aid}};
    out->keys = keys_;
    return out;
  }

 private:
  std::shared_ptr<const crypto::KeyStore> keys_;
};

/// Scenario files with this body, in a folder of their own.
class Files {
 public:
  Files(int count, const std::string& body) {
    char folder[] = "/tmp/cw-bench-XXXXXX";
    if (::mkdtemp(folder) == nullptr) abort();
    folder_ = folder;
    for (int i = 0; i < count; ++i) {
      std::ofstream(folder_ / ("s" + std::to_string(i) + ".lua"))
          << "local hex = require 'hex'\nreturn { summary = 'Benchmark', needs = { keys = { 'isd' } }, run = "
             "function(t) "
          << body << " end }";
    }
    library = engine::Bundle::load(CW_SOURCE_DIR);
    policy = engine::Policy::load(CW_SOURCE_DIR "/policies/default.lua", *library);
  }
  ~Files() { fs::remove_all(folder_); }

  std::vector<std::string> names() const { return scenario::find_scenarios({folder_.string()}); }

  std::shared_ptr<const engine::Bundle> library;
  std::shared_ptr<const engine::Policy> policy;

 private:
  fs::path folder_;
};

/// From a scenario that was read to the end of its first command.
void scenario_start(benchmark::State& state) {
  const Files files(1, "t:send(hex'00A4040000')");
  const auto names = files.names();
  const scenario::Production production{files.library->with_files({names.begin(), names.end()}), files.policy, 1, true,
                                        nullptr};
  const scenario::Scenario read = scenario::read_scenario(*production.bundle, names.front());
  Cards cards;
  for (auto _ : state) {
    const report::Case played = scenario::play(production, read, cards, "generic");
    if (played.status != report::Case::Status::passed) state.SkipWithError(played.failure->message.c_str());
  }
}
BENCHMARK(scenario_start)->Unit(benchmark::kMicrosecond);

/// A thousand files: found, read, checked and played; each opens a channel and reads the registry.
void scenarios_1000(benchmark::State& state) {
  const Files files(kMany, "t:registry { [t.flavor.isd_aid] = { kind = 'isd' } }");
  for (auto _ : state) {
    const auto names = files.names();
    const scenario::Production production{files.library->with_files({names.begin(), names.end()}), files.policy, 1,
                                          true, nullptr};
    std::vector<std::unique_ptr<scenario::Supply>> cards;
    cards.push_back(std::make_unique<Cards>());
    const auto bill = scenario::make_bill(*production.bundle, names, *cards.front(), {});
    int passed = 0;
    scenario::play_all(production, bill, cards,
                       [&](const report::Case& one) { passed += one.status == report::Case::Status::passed; });
    if (passed != kMany) state.SkipWithError("not all of the scenarios passed");
  }
}
BENCHMARK(scenarios_1000)->Unit(benchmark::kMillisecond)->Iterations(1)->MeasureProcessCPUTime();

}  // namespace
}  // namespace cw
