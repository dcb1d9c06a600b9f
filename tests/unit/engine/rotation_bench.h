// A card, a rotation of keys on it by demo/rotate-keys, and those who watch: what is sent, what the card counts, what
// was written down before.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/hex.h"
#include "engine/scheduler.h"
#include "host_side.h"
#include "se/card.h"
#include "se/sim_reader.h"

namespace cw::engine::test {

constexpr uint8_t kDes = 0x80;
constexpr uint8_t kInitializeUpdate = 0x50, kExternalAuthenticate = 0x82, kPutKey = 0xD8, kGetData = 0xCA;

/// Keeps in memory what a store keeps on disk: it outlives the runs.
class NotedKeys : public KeyWatch {
 public:
  void about_to_put_keys(const Place& place, const Keys& before, const Keys& after) override {
    if (full) throw Error(ErrorKind::store, "writing the rotation down: the disk is full");
    open = {place, before, after};
    ++announced;
  }
  void channel_opened(const Place& place, const Keys& keys) override {
    if (!open || open->place != place) return;
    if (keys == open->after) decided.push_back("after");
    if (keys == open->before) decided.push_back("before");
    if (keys == open->after || keys == open->before) open.reset();
  }

  struct Rotation {
    Place place{};
    Keys before{};
    Keys after{};
  };
  std::optional<Rotation> open{};
  std::vector<std::string> decided{};
  int announced = 0;
  bool full = false;
};

/// Notes what is sent, what the card counts, and whether a handshake was given up since its cryptogram was wrong.
class WatchedReader : public card::Reader {
 public:
  explicit WatchedReader(std::shared_ptr<se::Card> card) : card_(std::move(card)), inner_(card_) {}
  std::string name() const override { return inner_.name(); }
  Bytes reset() override {
    handshake_ = false;
    return inner_.reset();
  }
  Bytes transmit(ByteView command) override {
    const uint8_t ins = command[1];
    instructions.push_back(ins);
    if (ins == kPutKey && noted != nullptr && !noted->open) ++unannounced;
    if (handshake_ && ins != kExternalAuthenticate) ++wrong_cryptograms;
    handshake_ = false;
    if (hide_keys && ins == kGetData && command[3] == 0xE0) return from_hex("6A88");
    Bytes answer = inner_.transmit(command);
    const bool ok = answer.size() >= 2 && read_be(ByteView(answer).last(2)) == 0x9000;
    if (ins == kInitializeUpdate && ok) handshake_ = true;
    if (ins == kExternalAuthenticate && !ok) ++wrong_cryptograms;
    if (ins == kInitializeUpdate || ins == kExternalAuthenticate) counted = std::max(counted, attempts_on_card());
    return answer;
  }
  int sent(uint8_t ins) const { return static_cast<int>(std::count(instructions.begin(), instructions.end(), ins)); }

  const NotedKeys* noted = nullptr;
  bool hide_keys = false;  // the card tells nobody which keys it has
  std::vector<uint8_t> instructions{};
  int wrong_cryptograms = 0;
  int unannounced = 0;   // PUT KEYs that nobody was told of
  unsigned counted = 0;  // most attempts that the card had against a key

 private:
  unsigned attempts_on_card() const {
    unsigned most = 0;
    const nlohmann::json memory = nlohmann::json::parse(card_->save());
    for (const nlohmann::json& application : memory.at("applications")) {
      if (!application.contains("sd")) continue;
      for (const auto& entry : application.at("sd").at("attempts").items())
        most = std::max(most, entry.value().get<unsigned>());
    }
    return most;
  }

  std::shared_ptr<se::Card> card_;
  se::SimReader inner_;
  bool handshake_ = false;  // INITIALIZE UPDATE succeeded, and nothing came after it yet
};

struct Set {
  uint8_t type = 0x88;
  uint8_t version = 0;
  std::string key{};
  std::string diversification{};
};
using Sets = std::map<std::string, Set>;

inline std::shared_ptr<const crypto::KeyStore> store(const Sets& sets) {
  std::string text;
  for (const auto& [name, set] : sets) {
    text +=
        "[" + name + "]\ntype = " + (set.type == kDes ? "des" : "aes") + "\nversion = " + to_hex(set.version) + "\n";
    if (set.diversification.empty()) {
      text += "enc = " + set.key + "\nmac = " + set.key + "\ndek = " + set.key + "\n";
    } else {
      text += "master = " + set.key + "\ndiversification = " + set.diversification + "\n";
    }
  }
  return std::make_shared<crypto::FileKeyStore>(crypto::FileKeyStore::parse(Secret::copy(view(text)), "test keys"));
}

constexpr const char* kOld = "101112131415161718191A1B1C1D1E1F";
constexpr const char* kNew = "E0E1E2E3E4E5E6E7E8E9EAEBECEDEEEF";
constexpr const char* kOther = "A0A1A2A3A4A5A6A7A8A9AAABACADAEAF";

struct Call {
  std::string flow;
  std::vector<std::string> settings;
};

/// As one process does it: a run of its own, with a budget of its own.
inline RunResult run(const Call& call, const se::Flavor& flavor, const Sets& sets, card::Reader& reader,
                     unsigned attempts = 1, KeyWatch* watch = nullptr) {
  static const auto bundle = Bundle::load(CW_SOURCE_DIR);
  static const auto policy = Policy::load(std::string(CW_SOURCE_DIR) + "/policies/default.lua", *bundle);
  std::vector<Setting> settings;
  for (const std::string& text : call.settings) settings.push_back(Setting::parse(text));
  if (call.flow == "demo/install") {
    settings.push_back({"holder", Secret::copy(view("Ada Lovelace"))});
    settings.push_back({"pin", Secret::copy(view("123456"))});
  }
  RunSetup setup;
  setup.bundle = bundle;
  setup.flow_name = call.flow;
  setup.policy = policy;
  setup.arguments = Arguments::check(check_flow(*bundle, call.flow), std::move(settings));
  setup.keys = store(sets);
  setup.reader = &reader;
  setup.flavor = host_side(flavor);
  setup.attempts = attempts;
  setup.key_watch = watch;
  Scheduler scheduler;
  scheduler.add(std::make_unique<Run>(std::move(setup)));
  scheduler.run_all();
  return scheduler.at(0).result();
}

inline std::string text(const RunResult& result) { return result.error ? result.error->message() : "no error"; }

inline const Call kInstall{"demo/install", {std::string("cap=") + CW_SOURCE_DIR + "/tests/caps/wallet-1.0.cap"}};

struct Story {
  std::string name;
  std::string flavor;
  bool isd = false;
  Set from{};
  Set to{};
  bool counts_all = false;  // the card counts every INITIALIZE UPDATE until one succeeds, and takes three
};

inline void PrintTo(const Story& story, std::ostream* out) { *out << story.name; }

inline se::Flavor flavor_of(const Story& story) {
  se::Flavor flavor = se::flavor(story.flavor);
  if (story.counts_all) {
    flavor.auth_counter = {se::AuthCounter::On::initialize_update, se::AuthCounter::Scope::key_version, 3};
  }
  return flavor;
}

/// A card, and a rotation of keys on it.
class Bench {
 public:
  explicit Bench(const Story& story) : flavor(flavor_of(story)), sets{{"old", story.from}, {"new", story.to}} {
    se::Card card(flavor);
    if (!story.isd) {
      auto shared = std::make_shared<se::Card>(std::move(card));
      const se::FactoryKeys& factory = flavor.keys.front();
      Sets given{{"isd", {factory.type, factory.version, to_hex(factory.enc), ""}}, {"demo.sd", story.from}};
      WatchedReader reader(shared);
      const RunResult installed = run(kInstall, flavor, given, reader);
      EXPECT_FALSE(installed.error) << text(installed);
      start = shared->save();
    } else {
      start = card.save();
    }
    call = {"demo/rotate-keys",
            {"old=old", "new=new", "domain=" + to_hex(story.isd ? flavor.isd_aid : flavor.ssd_aid)}};
  }

  std::shared_ptr<se::Card> card() const { return std::make_shared<se::Card>(se::Card::load(start, flavor)); }
  RunResult rotate(card::Reader& reader, unsigned attempts = 1, KeyWatch* watch = nullptr) const {
    return run(call, flavor, sets, reader, attempts, watch);
  }

  se::Flavor flavor;
  Sets sets;
  std::string start{};
  Call call{};
};

inline const Story kBeside{"beside", "generic", false, {0x88, 0x30, kOld, ""}, {0x88, 0x31, kNew, ""}};
inline const Story kInPlace{"in_place", "generic", false, {0x88, 0x30, kOld, ""}, {0x88, 0x30, kNew, ""}};

}  // namespace cw::engine::test
