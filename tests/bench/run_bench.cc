// Whole runs on the simulated card: what it costs to start one, to keep one waiting, and to install an applet.
#include <fstream>

#include <benchmark/benchmark.h>
#include <malloc.h>
#include <stdlib.h>

#include "crypto/key_store.h"
#include "engine/run.h"
#include "engine/scheduler.h"
#include "se/card.h"
#include "se/flavor.h"
#include "se/sim_reader.h"

namespace cw {
namespace {

using engine::Run;

constexpr const char* kKeys =
    "[isd]\ntype = aes\nversion = 30\n"
    "enc = 404142434445464748494A4B4C4D4E4F\nmac = 404142434445464748494A4B4C4D4E4F\n"
    "dek = 404142434445464748494A4B4C4D4E4F\n";

/// One bundle for all runs: the stdlib, and the flow below.
class Bench {
 public:
  explicit Bench(const std::string& body) {
    char folder[] = "/tmp/cw-bench-XXXXXX";
    if (::mkdtemp(folder) == nullptr) abort();
    folder_ = folder;
    const std::filesystem::path file = folder_ / "flow.lua";
    std::ofstream(file) << "local gp, sd, perso = require 'cw.gp', require 'cw.sd', require 'cw.perso'\n"
                           "return { name = 'bench', summary = 'Benchmark', args = { cap = { type = 'cap', optional = "
                           "true } }, needs = { keys = { 'isd' } }, run = function(run)\n"
                        << body << "\nend }";
    const auto base = engine::Bundle::load(CW_SOURCE_DIR);
    setup_.bundle = base->with_file(file);
    setup_.flow_name = file.generic_string();
    setup_.flow = std::make_shared<const engine::Flow>(engine::check_flow(*setup_.bundle, setup_.flow_name));
    setup_.policy = engine::Policy::load(CW_SOURCE_DIR "/policies/default.lua", *base);
    setup_.keys =
        std::make_shared<crypto::FileKeyStore>(crypto::FileKeyStore::parse(Secret::copy(view(kKeys)), "bench"));
    card_ = std::make_shared<se::Card>(se::flavor("generic"));
    factory_ = card_->save();
    reader_ = std::make_unique<se::SimReader>(card_);
    setup_.reader = reader_.get();
  }
  ~Bench() { std::filesystem::remove_all(folder_); }

  engine::RunSetup setup() const {
    engine::RunSetup out;
    out.bundle = setup_.bundle;
    out.flow_name = setup_.flow_name;
    out.flow = setup_.flow;
    out.policy = setup_.policy;
    out.keys = setup_.keys;
    out.reader = setup_.reader;
    out.arguments.values = setup_.arguments.values;
    return out;
  }
  void give_cap(const std::string& file) {
    engine::Flow flow;
    flow.args.push_back({"cap", engine::ArgumentType::cap, "", false, {}, {}, {}, {}});
    std::vector<engine::Setting> settings;
    settings.push_back(engine::Setting::parse("cap=" + file));
    setup_.arguments.values = engine::Arguments::check(flow, std::move(settings)).values;
  }

  std::unique_ptr<Run> start() const { return std::make_unique<Run>(setup()); }
  void fresh_card() { *card_ = se::Card(se::flavor("generic")); }

 private:
  std::filesystem::path folder_;
  engine::RunSetup setup_;
  std::shared_ptr<se::Card> card_;
  std::string factory_;
  std::unique_ptr<se::SimReader> reader_;
};

void run_start(benchmark::State& state) {
  Bench bench("require('clock').sleep(1)");
  for (auto _ : state) {
    auto run = bench.start();
    run->advance();
    if (run->phase() != Run::Phase::waiting) state.SkipWithError("the run did not come to its first wait");
    benchmark::DoNotOptimize(run);
  }
}
BENCHMARK(run_start)->Unit(benchmark::kMicrosecond);

void run_waiting_memory(benchmark::State& state) {
  Bench bench("local isd = gp.open(run.card, { keys = 'isd', flavor = run.flavor }) require('clock').sleep(1000)");
  constexpr int kRuns = 200;
  double bytes = 0;
  for (auto _ : state) {
    std::vector<std::unique_ptr<Run>> runs;
    const size_t before = ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
    for (int i = 0; i < kRuns; ++i) {
      auto run = bench.start();
      run->advance();
      while (run->phase() == Run::Phase::waiting && !std::holds_alternative<host::Wait>(run->request())) {
        run->complete(run->carry_out());
        run->advance();
      }
      if (run->phase() != Run::Phase::waiting) state.SkipWithError(run->result().error->what());
      runs.push_back(std::move(run));
    }
    bytes = static_cast<double>(::mallinfo2().uordblks + ::mallinfo2().hblkhd - before) / kRuns;
  }
  state.counters["bytes_per_run"] = bytes;
}
BENCHMARK(run_waiting_memory)->Iterations(3)->Unit(benchmark::kMillisecond);

void full_install(benchmark::State& state) {
  Bench bench(R"(
    local isd = gp.open(run.card, { keys = "isd", flavor = run.flavor })
    isd:load(run.args.cap)
    isd:install { elf = run.args.cap.package_aid, module = run.args.cap.applets[1] })");
  bench.give_cap(CW_SOURCE_DIR "/tests/caps/transit-2.1.cap");
  for (auto _ : state) {
    state.PauseTiming();
    bench.fresh_card();
    state.ResumeTiming();
    engine::Scheduler scheduler;
    scheduler.add(bench.start());
    scheduler.run_all();
    if (const auto& error = scheduler.at(0).result().error) {
      state.SkipWithError(error->what());
      break;
    }
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(full_install)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace cw
