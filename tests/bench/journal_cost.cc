// With a journal and without: commands and whole installs.
#include <barrier>

#include "journal_parts.h"
#include "journal_rows.h"

namespace cw::bench {

namespace {

using Engine = Keeper::Engine;

constexpr int kTurns = 5;
constexpr int kCommands = 50;  // of one run in one turn
constexpr int kMany = 64;

std::vector<Engine> engines() {
  std::vector<Engine> out{Engine::sqlite};
  if (Keeper::has_postgres()) out.push_back(Engine::postgres);
  return out;
}

std::string concurrent(int runs) { return runs == 1 ? "1 run" : std::to_string(runs) + " runs at once"; }

/// One run, with its card and, where there is a store, its journal.
struct Job {
  Job(const Workshop& shop, const std::shared_ptr<store::Store>& store) : setup(shop.setup(station)) {
    if (store) journal = journal::StoreJournal::begin(store, setup, {}, "bench");
    setup.journal = journal.get();
    run = std::make_unique<engine::Run>(std::move(setup));
  }
  Station station{};
  engine::RunSetup setup;
  std::unique_ptr<journal::StoreJournal> journal{};
  std::unique_ptr<engine::Run> run{};
};

/// Microseconds for each command of `runs` runs that go on at the same time, over all of them.
double per_command(const Workshop& shop, int runs, const std::shared_ptr<store::Store>& store) {
  Clock::time_point begin, end;
  std::barrier all(runs);
  on_threads(runs, [&](int number) {
    Job job(shop, store);
    until_wait(*job.run);
    all.arrive_and_wait();
    if (number == 0) begin = Clock::now();
    all.arrive_and_wait();
    past_wait(*job.run);
    all.arrive_and_wait();
    if (number == 0) end = Clock::now();
  });
  return microseconds(end - begin) / (runs * kCommands);
}

/// Bytes of a frame of that flow, as the store keeps it.
size_t frame_size(const Workshop& shop, const std::shared_ptr<store::Store>& store) {
  Job job(shop, store);
  until_wait(*job.run);
  past_wait(*job.run);
  const std::vector<Bytes> frames = store->runs().frames(job.journal->id());
  return frames.at(frames.size() - 2).size();
}

/// Installs per second.
double installs(const Workshop& shop, int runs, int each, const std::shared_ptr<store::Store>& store) {
  const auto begin = Clock::now();
  on_threads(runs, [&](int) {
    for (int i = 0; i < each; ++i) {
      Job job(shop, store);
      until_wait(*job.run);
    }
  });
  return runs * each / (microseconds(Clock::now() - begin) / 1e6);
}

}  // namespace

void commands_row() {
  const Workshop shop("clock.sleep(1) for _ = 1, " + std::to_string(kCommands) +
                      " do isd:get_data(0x66) end clock.sleep(1)");
  for (const Engine engine : engines()) {
    const Keeper keeper(engine);
    const size_t size = frame_size(shop, keeper.store());
    for (const int runs : {1, kMany}) {
      Times with, without, bare, shared;
      for (int turn = 0; turn < kTurns; ++turn) {
        bare.push_back(append_and_sync(size));
        without.push_back(per_command(shop, runs, nullptr));
        const int64_t before = keeper.store()->runs().commits();
        with.push_back(per_command(shop, runs, keeper.store()));
        shared.push_back(static_cast<double>(keeper.store()->runs().commits() - before));
      }
      const double added = median(with) - median(without);
      // Frames of a run: its commands, the channel and the reset before, two waits.
      const double frames = runs * (kCommands + 5.0);
      print("journal on " + std::string(keeper.name()) + ", added to a command, " + concurrent(runs),
            number("%.0f us", added) + number(", %.1f frames in a commit", frames / median(shared)),
            "append + fdatasync, " + std::to_string(size) + " bytes, " + number("%.0f us", median(bare)),
            added / median(bare));
    }
  }
}

void installs_row() {
  const Workshop shop(
      "isd:load(run.args.cap) isd:install { elf = run.args.cap.package_aid, module = "
      "run.args.cap.applets[1] }",
      CW_SOURCE_DIR "/tests/caps/transit-2.1.cap");
  for (const Engine engine : engines()) {
    const Keeper keeper(engine);
    for (const int runs : {1, kMany}) {
      const int each = runs == 1 ? 20 : 2;
      Times with, without;
      for (int turn = 0; turn < kTurns; ++turn) {
        without.push_back(installs(shop, runs, each, nullptr));
        with.push_back(installs(shop, runs, each, keeper.store()));
      }
      print("full install with a journal on " + std::string(keeper.name()) + ", " + concurrent(runs),
            number("%.0f /s", median(with)), number("without %.0f /s", median(without)),
            median(without) / median(with));
    }
  }
}

}  // namespace cw::bench
