#include "load_here.h"

#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>
#include <time.h>

#include "app/cards.h"
#include "base/error.h"
#include "base/files.h"
#include "engine/run.h"
#include "journal/store_journal.h"
#include "journal_parts.h"
#include "se/card.h"
#include "se/sim_reader.h"

namespace cw::bench {

namespace {

/// Counts the processor time of the card behind it.
class TimedReader : public card::Reader {
 public:
  explicit TimedReader(std::shared_ptr<se::Card> card) : reader_(std::move(card)) {}
  std::string name() const override { return reader_.name(); }
  Bytes reset() override { return reader_.reset(); }
  Bytes transmit(ByteView command) override {
    const double before = thread_time();
    Bytes out = reader_.transmit(command);
    microseconds += thread_time() - before;
    return out;
  }
  double microseconds = 0;

 private:
  se::SimReader reader_;
};

/// Microseconds that this process has computed: a store commits in threads of its own.
double process_time() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

class Here {
 public:
  explicit Here(const LoadFlow& load) : name_(load.flow) {
    bundle_ = engine::Bundle::load(CW_SOURCE_DIR);
    flow_ = std::make_shared<const engine::Flow>(engine::check_flow(*bundle_, name_));
    policy_ = engine::Policy::load(CW_SOURCE_DIR "/policies/default.lua", *bundle_);
    keys_ = std::make_shared<crypto::FileKeyStore>(crypto::FileKeyStore::load(load.keys));
    settings_ = load.settings;
  }

  /// Microseconds of this process; what the card took of them is put into `card`.
  double play(const std::shared_ptr<se::Card>& card, double& card_time, const std::shared_ptr<store::Store>& store) {
    TimedReader reader(card);
    const double begin = process_time();
    engine::RunSetup setup;
    setup.bundle = bundle_;
    setup.flow_name = name_;
    setup.flow = flow_;
    setup.policy = policy_;
    setup.keys = keys_;
    setup.reader = &reader;
    setup.flavor = app::OpenCard::host_side(se::flavor("generic"));
    std::vector<engine::Setting> settings;
    for (const std::string& text : settings_) settings.push_back(engine::Setting::parse(text));
    setup.arguments = engine::Arguments::check(*flow_, std::move(settings));
    std::unique_ptr<journal::StoreJournal> journal;
    if (store) journal = journal::StoreJournal::begin(store, setup, {}, "load");
    setup.journal = journal.get();
    engine::Run run(std::move(setup));
    until_wait(run);
    card_time = reader.microseconds;
    return process_time() - begin;
  }

 private:
  std::string name_;
  std::shared_ptr<const engine::Bundle> bundle_;
  std::shared_ptr<const engine::Flow> flow_;
  std::shared_ptr<const engine::Policy> policy_;
  std::shared_ptr<const crypto::KeyStore> keys_;
  std::vector<std::string> settings_;
};

}  // namespace

std::string wanted_state(const std::string& digest) {
  nlohmann::json out = nlohmann::json::parse(digest);
  // The card's production data has its serial number in it.
  for (auto& application : out.at("applications")) {
    if (application.contains("objects")) application["objects"].erase("9F7F");
    if (application.contains("sd") && application["sd"].contains("objects")) application["sd"]["objects"].erase("9F7F");
  }
  return out.dump();
}

LoadHere play_here(const LoadFlow& flow, size_t count) {
  Here here(flow);
  const Keeper keeper(Keeper::Engine::sqlite);
  Times bare, card, kept;
  LoadHere out;
  for (size_t i = 0; i < count; ++i) {
    double card_time = 0;
    auto chip = std::make_shared<se::Card>(se::flavor("generic"));
    bare.push_back(here.play(chip, card_time, nullptr));
    card.push_back(card_time);
    out.state = wanted_state(chip->state_digest_text());
    kept.push_back(here.play(std::make_shared<se::Card>(se::flavor("generic")), card_time, keeper.store()));
  }
  out.seconds = median(bare) / 1e6;
  out.card_seconds = median(card) / 1e6;
  out.journal_seconds = median(kept) / 1e6;
  return out;
}

}  // namespace cw::bench
