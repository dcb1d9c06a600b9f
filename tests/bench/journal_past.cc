// Going on by a journal: one run built again, and one of many that wait in a store.
#include <algorithm>
#include <map>
#include <random>

#include "host/command.h"
#include "journal_parts.h"
#include "journal_rows.h"

namespace cw::bench {

namespace {

constexpr int kTurns = 41;

/// Keeps nothing: what is measured is what comes before anything new.
class NoJournal : public engine::RunJournal {
 public:
  void attempt(unsigned) override {}
  void attempt_failed(const Error&) override {}
  void finished(const std::optional<Error>&, End) override {}
  void waits(std::chrono::milliseconds) override {}
  void left() override {}
  void deliver(const host::Deliver&) override {}
  std::vector<host::DomainRecord> domains(const std::optional<host::DomainRecord>&) override { return {}; }
  const Error* must_stop() const override { return nullptr; }
  engine::Past past() override { return {}; }
  void before(const host::Request&) override {}
  void take(engine::RecordedLine) override {}
  void noted(const host::Note&) override {}
};

/// Runs that are copies of each other send the same bytes: the card answers the first, and its answer all the others.
class SameAnswers : public Station {
 public:
  Bytes transmit(ByteView command) override {
    Bytes& answer = answers_[to_string(command)];
    if (answer.empty()) answer = Station::transmit(command);
    return answer;
  }

 private:
  std::map<std::string, Bytes> answers_{};
};

struct Waiting {
  std::unique_ptr<journal::StoreJournal> journal{};
  std::unique_ptr<engine::Run> run{};
};

/// A run that has come to its first wait, and is in the store as it stands there.
Waiting run_to_wait(const Workshop& shop, card::Reader& reader, const std::shared_ptr<store::Store>& store) {
  Waiting out;
  engine::RunSetup setup = shop.setup(reader);
  out.journal = journal::StoreJournal::begin(store, setup, {}, "bench");
  setup.journal = out.journal.get();
  out.run = std::make_unique<engine::Run>(std::move(setup));
  until_wait(*out.run);
  return out;
}

std::string milliseconds(double microseconds) { return number("%.2f ms", microseconds / 1000); }

}  // namespace

/// CPU time: nothing in it waits for a disk.
void rebuild_row() {
  const Keeper keeper(Keeper::Engine::sqlite);
  const Workshop shop("for _ = 1, 200 do isd:get_data(0x66) end clock.sleep(1000)");
  Station station;
  const Waiting waiting = run_to_wait(shop, station, keeper.store());
  NoJournal none;
  Times read, whole, start;
  for (int i = 0; i < kTurns; ++i) {
    const double begin = thread_time();
    const journal::OpenedJournal opened = journal::open_journal(*keeper.store(), waiting.journal->id());
    engine::RunSetup setup = shop.setup(station);
    setup.past = journal::past_of(opened.row, opened.head, opened.lines);
    read.push_back(thread_time() - begin);
    setup.journal = &none;
    engine::Run run(std::move(setup));
    until_wait(run);
    whole.push_back(thread_time() - begin);
    if (run.phase() != engine::Run::Phase::waiting) fail("the run was not built up to its wait");

    const double fresh = thread_time();
    engine::Run other(shop.setup(station));
    other.advance();
    start.push_back(thread_time() - fresh);
  }
  print("build a run of 200 commands again, from its frames",
        milliseconds(median(whole)) + ", of it reading " + milliseconds(median(read)),
        "start a run " + milliseconds(median(start)), median(whole) / median(start), "<= 5 ms");
}

void waiting_runs_row(int count) {
  const Keeper keeper(Keeper::Engine::sqlite);
  const std::shared_ptr<store::Store>& store = keeper.store();
  const Workshop shop("for _ = 1, 10 do isd:get_data(0x66) end clock.sleep(1000) isd:get_data(0xE0) clock.sleep(1000)");
  SameAnswers reader;
  std::vector<std::string> ids;
  {
    const Waiting first = run_to_wait(shop, reader, store);
    const store::RunRow row = store->runs().find(first.journal->id());
    const crypto::SealingKey key = journal::open_run_key(*store, row.id);
    const std::vector<Bytes> frames = store->runs().frames(row.id);
    // As the run put them there, each under its own id.
    while (ids.size() < static_cast<size_t>(count)) {
      store->database().transact([&] {
        for (int i = 0; i < 1000 && ids.size() < static_cast<size_t>(count); ++i) {
          store::RunRow copy = row;
          copy.id = ids.emplace_back(store::new_run_id());
          store->runs().put(copy, store->key().seal(key, store::run_key_context(copy.id)), frames);
        }
      });
    }
    store->database().run({"UPDATE runs SET state = 'waiting' WHERE state = 'stopped'", {}});
    const store::Result kept = store->database().run({"SELECT COUNT(*) FROM frames", {}});
    if (store::number(kept.rows.at(0).at(0)) != static_cast<int64_t>(frames.size()) * (count + 1))
      fail("frames are missing");
  }

  std::mt19937 random(4);
  std::shuffle(ids.begin(), ids.end(), random);
  journal::Shelf shelf;
  Times cpu, whole, bare;
  for (int i = 0; i < std::min(kTurns, count); ++i) {
    const auto begin = Clock::now();
    const double computed = thread_time();
    journal::StoreJournal::TakenUp up = journal::StoreJournal::take_up(
        store, ids[static_cast<size_t>(i)], [](std::chrono::milliseconds) { return false; }, "bench", &shelf);
    engine::RunSetup setup = std::move(up.setup);
    setup.keys = shop.keys();
    setup.reader = &reader;
    setup.journal = up.journal.get();
    engine::Run run(std::move(setup));
    until_wait(run);
    run.complete(host::Waited{});
    run.advance();
    run.complete(run.carry_out());
    whole.push_back(microseconds(Clock::now() - begin));
    cpu.push_back(thread_time() - computed);
    if (run.result().attempts != 1) fail("the run did not go on where it stood");
    bare.push_back(append_and_sync(1000));
  }
  print("one of " + std::to_string(count) + " waiting runs taken up and answered, on SQLite",
        milliseconds(median(whole)) + ", of it computing " + milliseconds(median(cpu)),
        "append + fdatasync " + milliseconds(median(bare)), median(whole) / median(bare), "<= 10 ms");
}

}  // namespace cw::bench
