// What one owner's devices wait for, alone, and while a hundred scripts of another owner compute without an end. Prints
// a row of docs/PERFORMANCE.md for runs with a journal on SQLite, and one for runs without.
//
//   owners_bench [--seconds N]
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "base/threads.h"
#include "card/transport.h"
#include "crypto/key_store.h"
#include "journal/store_journal.h"
#include "journal_parts.h"
#include "service/device_desk.h"

namespace {

using namespace cw;
using namespace cw::bench;
using service::DeviceCall;

constexpr int kOthers = 100;
constexpr int kUnderWay = 32;  // requests of the owner that is measured
constexpr const char* kSpins = "while true do end";
constexpr const char* kSleeps = "require 'clock'.sleep(80000)";
constexpr const char* kWorks =
    "local isd = require 'cw.gp'.open(run.card, { keys = 'isd', flavor = run.flavor }) for _ = 1, 40 do isd:key_info() "
    "end";
constexpr const char* kKeys =
    "[isd]\ntype = aes\nversion = 30\n"
    "enc = 404142434445464748494A4B4C4D4E4F\nmac = 404142434445464748494A4B4C4D4E4F\n"
    "dek = 404142434445464748494A4B4C4D4E4F\n";

class OwnedRun : public service::DeviceRun {
 public:
  OwnedRun(engine::RunSetup setup, std::unique_ptr<journal::StoreJournal> journal, std::string id)
      : journal_(std::move(journal)), id_(std::move(id)) {
    setup.journal = journal_.get();
    run_.emplace(std::move(setup));
  }
  engine::Run& run() override { return *run_; }
  const std::string& id() const override { return id_; }
  bool taken_up() const override { return false; }

 private:
  std::unique_ptr<journal::StoreJournal> journal_;
  std::string id_;
  std::optional<engine::Run> run_;
};

/// Two flows, and runs of them. A ticket is "owner/number".
class Owners {
 public:
  Owners(std::shared_ptr<store::Store> store, const char* other) : store_(std::move(store)) {
    const auto base = engine::Bundle::load(CW_SOURCE_DIR);
    bundle_ = base;
    for (const auto& [owner, body] : {std::pair{"other", other}, {"works", kWorks}}) {
      const auto file = folder_.path() / (std::string(owner) + ".lua");
      std::ofstream(file) << "return { name = '" << owner
                          << "', summary = 'Benchmark', needs = { keys = { 'isd' } }, run = function(run)\n"
                          << body << "\nend }";
      bundle_ = bundle_->with_file(file);
      flows_[owner] = file.generic_string();
      if (store_) store_->owners().add(owner, "bench");
    }
    for (const auto& [owner, name] : flows_) {
      checked_[owner] = std::make_shared<const engine::Flow>(engine::check_flow(*bundle_, name));
    }
    policy_ = engine::Policy::parse("bench.lua",
                                    "return { name = 'bench', api = 1, limits = { instructions = 1000000000000, "
                                    "awake_s = 86400, commands = 1000 } }",
                                    *base);
    keys_ = std::make_shared<crypto::FileKeyStore>(crypto::FileKeyStore::parse(Secret::copy(view(kKeys)), "bench"));
  }

  std::unique_ptr<service::DeviceRun> open(const std::string& ticket, engine::Relay relay) const {
    engine::RunSetup setup;
    setup.owner = ticket.substr(0, ticket.find('/'));
    setup.bundle = bundle_;
    setup.flow_name = flows_.at(setup.owner);
    setup.flow = checked_.at(setup.owner);
    setup.policy = policy_;
    setup.keys = keys_;
    setup.device = engine::Device{"device", relay};
    auto journal = store_ ? journal::StoreJournal::begin(store_, setup, {}, "bench") : nullptr;
    return std::make_unique<OwnedRun>(std::move(setup), std::move(journal), ticket);
  }

 private:
  Folder folder_;
  std::shared_ptr<store::Store> store_;
  std::shared_ptr<const engine::Bundle> bundle_;
  std::map<std::string, std::string> flows_;
  std::map<std::string, std::shared_ptr<const engine::Flow>> checked_;
  std::shared_ptr<const engine::Policy> policy_;
  std::shared_ptr<const crypto::KeyStore> keys_;
};

service::Report carry_out(Station& station, const service::Order& order) {
  service::Report out;
  for (const Bytes& command : order.commands) out.answers.push_back(station.transmit(command));
  return out;
}

/// Devices that ask, carry out, report and ask again, one run after the other, until they are to stop.
class Devices {
 public:
  Devices(service::DeviceDesk& desk, const std::string& owner, int count) : desk_(desk), owner_(owner) {
    for (int i = 0; i < count; ++i) devices_.push_back(std::make_unique<Device>());
    for (auto& each : devices_) ask(*each);
    thread_ = std::thread([this] { play(); });
  }
  ~Devices() { stop(); }
  Devices(const Devices&) = delete;
  Devices& operator=(const Devices&) = delete;

  /// They ask no more. The desk ends before they do: its threads answer them.
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      ends_ = true;
      more_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
  }

  /// Microseconds of the answers since the last call.
  Times times() {
    const std::lock_guard lock(mutex_);
    return std::exchange(times_, {});
  }

 private:
  struct Device {
    Station station{};
    std::string ticket{};
    std::optional<service::Order> order{};
    Clock::time_point asked{};
  };

  void ask(Device& device) {
    if (device.ticket.empty()) {
      device.ticket = owner_ + "/" + std::to_string(++runs_);
      device.station.reset();
    }
    const auto report = device.order ? std::optional(carry_out(device.station, *device.order)) : std::nullopt;
    device.asked = Clock::now();
    desk_.post(device.ticket, engine::Relay::goes_on,
               {[report](DeviceCall* call, const Error* error) {
                  if (call == nullptr) fail(error->what());
                  if (report) call->session->reported(*report);
                  return true;
                },
                [this, &device](DeviceCall& call) { answered(device, *call.session); }});
  }

  void answered(Device& device, const service::DeviceSession& session) {
    const double took = microseconds(Clock::now() - device.asked);
    if (session.over() && session.result().error) fail(session.result().error->what());
    const std::lock_guard lock(mutex_);
    device.order = session.order();
    if (session.over()) device.ticket.clear();
    times_.push_back(took);
    if (!device.order && !session.over()) return;  // it waits for the clock, and is heard of no more
    answered_.push_back(&device);
    more_.notify_one();
  }

  void play() {
    for (;;) {
      Device* next = nullptr;
      {
        std::unique_lock lock(mutex_);
        more_.wait(lock, [&] { return ends_ || !answered_.empty(); });
        if (ends_) return;
        next = answered_.front();
        answered_.pop_front();
      }
      ask(*next);
    }
  }

  service::DeviceDesk& desk_;
  const std::string owner_;
  std::vector<std::unique_ptr<Device>> devices_{};
  int runs_ = 0;
  std::mutex mutex_{};
  std::condition_variable more_{};
  std::deque<Device*> answered_{};
  Times times_{};
  bool ends_ = false;
  std::thread thread_{};
};

double percentile(Times times, double part) {
  if (times.empty()) fail("nothing was answered");
  const auto at = static_cast<size_t>(static_cast<double>(times.size() - 1) * part);
  std::nth_element(times.begin(), times.begin() + static_cast<long>(at), times.end());
  return times[at] / 1e3;
}

/// Answers to one owner, while a hundred runs of the other do this.
Times beside(bool kept, const char* other, std::chrono::seconds time) {
  const Keeper keeper(Keeper::Engine::sqlite);
  const Owners owners(kept ? keeper.store() : nullptr, other);
  service::DeviceCounters counters;
  service::DeviceDesk::Setup setup;
  setup.open = [&](const std::string& ticket, engine::Relay relay) { return owners.open(ticket, relay); };
  auto desk = std::make_unique<service::DeviceDesk>(std::move(setup), counters);
  Devices others(*desk, "other", kOthers);
  std::this_thread::sleep_for(std::chrono::seconds(2));  // until they all do
  Devices works(*desk, "works", kUnderWay);
  std::this_thread::sleep_for(std::chrono::seconds(1));
  works.times();
  std::this_thread::sleep_for(time);
  const Times out = works.times();
  works.stop();
  others.stop();
  desk.reset();
  return out;
}

struct Answers {
  Times half{};  // of each turn
  Times late{};
  void add(const Times& times) {
    half.push_back(percentile(times, 0.5));
    late.push_back(percentile(times, 0.99));
  }
  std::string shown() const { return number("p50 %.1f ms", median(half)) + number(", p99 %.1f ms", median(late)); }
};

/// Medians of turns in which each way has its turn.
void row(const std::string& what, bool kept, std::chrono::seconds time) {
  Answers alone;
  Answers crowded;
  for (int turn = 0; turn < 5; ++turn) {
    alone.add(beside(kept, kSleeps, time));
    crowded.add(beside(kept, kSpins, time));
  }
  print("an answer to one owner, " + std::to_string(kUnderWay) + " requests under way, " + what + ", while " +
            std::to_string(kOthers) + " scripts of another compute",
        crowded.shown(), "while they wait " + alone.shown(), median(crowded.late) / median(alone.late), "<= 2");
}

}  // namespace

int main(int argc, char** argv) {
  const int seconds = argc == 3 && std::string(argv[1]) == "--seconds" ? std::atoi(argv[2]) : 5;
  if (seconds <= 0 || (argc != 1 && argc != 3)) {
    std::fprintf(stderr, "usage: owners_bench [--seconds N]\n");
    return 2;
  }
  try {
    row("with a journal", true, std::chrono::seconds(seconds));
    row("without a journal", false, std::chrono::seconds(seconds));
  } catch (const Error& error) {
    std::fprintf(stderr, "owners_bench: %s\n", error.what());
    return 1;
  }
}
