#include "app/supplies.h"

#include <cstdlib>

#include "app/cards.h"
#include "app/key_source.h"
#include "base/error.h"
#include "se/sim_reader.h"
#include "supply_parts_private.h"

namespace cw::app {

namespace {

class SimulatedCard : public scenario::PlayedCard {
 public:
  explicit SimulatedCard(se::Card card) : card_(std::make_shared<se::Card>(std::move(card))), reader_(card_) {}
  card::Reader& reader() override { return reader_; }
  std::shared_ptr<se::Card> chip() override { return card_; }

 private:
  std::shared_ptr<se::Card> card_;
  se::SimReader reader_;
};

class SimulatedSupply : public scenario::Supply {
 public:
  SimulatedSupply(std::vector<std::string> flavors, std::shared_ptr<Keys> keys)
      : flavors_(std::move(flavors)), keys_(std::move(keys)) {}

  std::string name(const std::string& flavor) const override { return "sim:" + flavor; }
  std::vector<std::string> flavors() const override { return flavors_; }
  bool fresh() const override { return true; }
  bool simulated() const override { return true; }
  std::unique_ptr<scenario::PlayedCard> card(const std::string& name, const std::optional<std::string>& memory,
                                             uint64_t seed) override {
    auto out = std::make_unique<SimulatedCard>(make_chip(name, memory, seed));
    describe(*out, se::flavor(name));
    out->keys = keys_->of(se::flavor(name));
    return out;
  }

 private:
  std::vector<std::string> flavors_;
  std::shared_ptr<Keys> keys_;
};

Supplies simulated(const std::string& rest, const SupplyOptions& options) {
  const auto keys = std::make_shared<Keys>(options.keys, /*simulated=*/true);
  Supplies out;
  for (unsigned job = 0; job < options.jobs; ++job) {
    out.push_back(std::make_unique<SimulatedSupply>(flavors_named(rest), keys));
  }
  return out;
}

}  // namespace

std::shared_ptr<const crypto::KeyStore> Keys::of(const se::Flavor& flavor) {
  const std::lock_guard lock(mutex_);
  auto& store = stores_[flavor.name];
  if (!store) store = open_keys(file_, std::getenv("CARDWRIGHT_KEYS"), simulated_ ? &flavor : nullptr).store;
  return store;
}

void describe(scenario::PlayedCard& card, const se::Flavor& product) {
  card.product = product;
  card.flavor = OpenCard::host_side(product);
  card.traits.encrypt_empty_data = product.encrypt_empty_data;
  card.counter = counter_of(product);
}

se::Card make_chip(const std::string& flavor, const std::optional<std::string>& memory, uint64_t seed) {
  se::Card chip = memory ? se::Card::load(*memory) : se::Card(se::flavor(flavor));
  if (chip.flavor().name != flavor) {
    throw Error(ErrorKind::usage, "the card memory that the scenario begins with is of flavor " + chip.flavor().name +
                                      ", and it is played on " + flavor);
  }
  chip.seed(seed);
  return chip;
}

std::vector<std::string> flavors_named(const std::string& name) {
  return name.empty() || name == "*" ? se::flavor_names() : std::vector<std::string>{se::flavor(name).name};
}

Supplies open_supplies(const SupplyOptions& options) {
  const size_t colon = options.card.find(':');
  const std::string kind = options.card.substr(0, colon);
  const std::string rest = colon == std::string::npos ? "" : options.card.substr(colon + 1);
  if (kind == "sim") return simulated(rest, options);
  if (kind == "vpcd") return in_virtual_readers(rest, options);
  if (kind == "pcsc") return in_readers(rest, options);
  if (kind == "recorded") return on_recording(rest, options);
  throw Error(ErrorKind::usage, "cannot open card '" + options.card +
                                    "'; use sim, sim:FLAVOR, vpcd:FLAVOR@HOST:PORT, pcsc:READER, or recorded:FILE");
}

}  // namespace cw::app
