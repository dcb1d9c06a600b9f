// What the benchmarks of journals share: cards in this process, runs of small flows on them, and stores to keep them
// in.
//
// Owner: main. Workshop and Keeper: any thread; a Station: one.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/run.h"
#include "journal/store_journal.h"
#include "se/card.h"
#include "se/sim_reader.h"

namespace cw::bench {

using Clock = std::chrono::steady_clock;
using Times = std::vector<double>;  // microseconds

[[noreturn]] void fail(const std::string& what);
double microseconds(Clock::duration time);
/// What this thread has computed so far, in microseconds.
double thread_time();
double median(Times times);
/// The median of some, in microseconds: a file with so many bytes more, on the disk.
double append_and_sync(size_t size);

/// One row of docs/PERFORMANCE.md.
void print(const std::string& what, const std::string& measured, const std::string& floor, double ratio,
           const std::string& reach = "");
std::string number(const char* format, double value);

/// A folder of its own, gone with this.
class Folder {
 public:
  Folder();
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A card that is powered all the time, so that another run can go on with it.
class Station : public card::Reader {
 public:
  Station() : card_(std::make_shared<se::Card>(se::flavor("generic"))), reader_(card_) {}
  std::string name() const override { return reader_.name(); }
  Bytes reset() override { return reader_.reset(); }
  bool attach() override { return true; }
  Bytes transmit(ByteView command) override { return reader_.transmit(command); }
  void fresh_card() { *card_ = se::Card(se::flavor("generic")); }

 private:
  std::shared_ptr<se::Card> card_;
  se::SimReader reader_;
};

/// A flow, read once, and what a run of it needs.
class Workshop {
 public:
  /// `body`: of the flow's function; gp and clock are there, `isd` is an open channel. `cap`: its argument, or empty.
  explicit Workshop(const std::string& body, const std::string& cap = "");

  engine::RunSetup setup(card::Reader& reader) const;
  const std::shared_ptr<const crypto::KeyStore>& keys() const { return keys_; }

 private:
  Folder folder_;
  std::shared_ptr<const engine::Bundle> bundle_;
  std::string name_;
  std::shared_ptr<const engine::Flow> flow_;
  std::shared_ptr<const engine::Policy> policy_;
  std::shared_ptr<const crypto::KeyStore> keys_;
  std::map<std::string, engine::ArgumentValue> arguments_;
};

/// A store that is made for the benchmark.
class Keeper {
 public:
  enum class Engine { sqlite, postgres };
  explicit Keeper(Engine engine);
  ~Keeper();

  /// Whether CW_TEST_POSTGRES names a server.
  static bool has_postgres();

  const char* name() const { return engine_ == Engine::sqlite ? "SQLite" : "PostgreSQL"; }
  const std::shared_ptr<store::Store>& store() const { return store_; }

 private:
  Engine engine_;
  Folder folder_;
  std::string schema_;
  std::shared_ptr<store::Store> store_;
};

/// Goes on to the next wait by the clock, or to the end. Fails where the run does.
void until_wait(engine::Run& run);
/// Ends the wait, and goes on to the next one.
void past_wait(engine::Run& run);

/// So many threads, each with `work` to do; returns when all have.
void on_threads(int count, const std::function<void(int)>& work);

}  // namespace cw::bench
