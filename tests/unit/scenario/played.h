// What stories about scenarios need: a folder to write them into, simulated cards, and plays.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/hex.h"
#include "scenario/play.h"
#include "se/sim_reader.h"

namespace cw::scenario {

constexpr uint8_t kDes = 0x80;

inline std::shared_ptr<const crypto::KeyStore> factory_keys(const se::Flavor& flavor) {
  const se::FactoryKeys& keys = flavor.keys.front();
  const std::string text = "[isd]\ntype = " + std::string(keys.type == kDes ? "des" : "aes") +
                           "\nversion = " + to_hex(keys.version) + "\nenc = " + to_hex(keys.enc) +
                           "\nmac = " + to_hex(keys.mac) + "\ndek = " + to_hex(keys.dek) + "\n";
  return std::make_shared<crypto::FileKeyStore>(crypto::FileKeyStore::parse(Secret::copy(view(text)), "factory keys"));
}

class SimulatedCard : public PlayedCard {
 public:
  explicit SimulatedCard(std::shared_ptr<se::Card> card) : card_(std::move(card)), reader_(card_) {}
  card::Reader& reader() override { return reader_; }
  std::shared_ptr<se::Card> chip() override { return card_; }

 private:
  std::shared_ptr<se::Card> card_;
  se::SimReader reader_;
};

class SimulatedSupply : public Supply {
 public:
  explicit SimulatedSupply(std::vector<std::string> flavors = {"generic"}) : flavors_(std::move(flavors)) {}
  std::string name(const std::string& flavor) const override { return "sim:" + flavor; }
  std::vector<std::string> flavors() const override { return flavors_; }
  bool fresh() const override { return true; }
  bool simulated() const override { return true; }
  std::unique_ptr<PlayedCard> card(const std::string& flavor, const std::optional<std::string>& memory,
                                   uint64_t seed) override {
    ++cards;
    last = std::make_shared<se::Card>(memory ? se::Card::load(*memory) : se::Card(se::flavor(flavor)));
    last->seed(seed);
    auto out = std::make_unique<SimulatedCard>(last);
    out->product = se::flavor(flavor);
    out->flavor = {{"name", flavor}, {"isd_aid", out->product.isd_aid}};
    out->keys = factory_keys(out->product);
    return out;
  }
  std::atomic<int> cards = 0;
  std::shared_ptr<se::Card> last{};

 private:
  std::vector<std::string> flavors_;
};

class Plays : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/cw-scenario-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static std::shared_ptr<const engine::Bundle> library() {
    static const auto bundle = engine::Bundle::load(CW_SOURCE_DIR);
    return bundle;
  }
  static std::shared_ptr<const engine::Policy> policy() {
    static const auto loaded = engine::Policy::load(std::string(CW_SOURCE_DIR) + "/policies/default.lua", *library());
    return loaded;
  }

  /// Writes a file of the folder and gives its path.
  std::string file(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).generic_string();
  }

  /// A scenario with this body.
  std::string story(const std::string& body, const std::string& fields = "") {
    return file("story.lua",
                "local fault, hex, apdu = require 'cw.fault', require 'hex', require 'apdu'\n"
                "return { summary = 'A story', needs = { keys = { 'isd' } }, " +
                    fields + " run = function(t)\n" + body + "\nend }\n");
  }

  report::Case play(const std::string& path, bool keep_events = true) {
    Production production{library()->with_file(path), policy(), 1, keep_events, nullptr};
    return scenario::play(production, read_scenario(*production.bundle, path), supply_, "generic");
  }
  report::Case play_body(const std::string& body, const std::string& fields = "") { return play(story(body, fields)); }

  static std::string why(const report::Case& played) { return played.failure ? played.failure->message : "no failure"; }

  std::filesystem::path folder_;
  SimulatedSupply supply_;
};

}  // namespace cw::scenario
