#include "app/supplies.h"

#include <cstdlib>
#include <map>
#include <mutex>

#include "app/cards.h"
#include "app/key_source.h"
#include "base/error.h"
#include "se/sim_reader.h"

namespace cw::app {

namespace {

/// Key stores by flavor; a file is read once.
class Keys {
 public:
  explicit Keys(std::optional<std::filesystem::path> file) : file_(std::move(file)) {}

  std::shared_ptr<const crypto::KeyStore> of(const se::Flavor& flavor) {
    const std::lock_guard lock(mutex_);
    auto& store = stores_[flavor.name];
    if (!store) store = open_keys(file_, std::getenv("CARDWRIGHT_KEYS"), &flavor).store;
    return store;
  }

 private:
  std::optional<std::filesystem::path> file_;
  std::mutex mutex_{};
  std::map<std::string, std::shared_ptr<const crypto::KeyStore>> stores_{};
};

class SimulatedCard : public scenario::PlayedCard {
 public:
  SimulatedCard(std::shared_ptr<se::Card> card, uint64_t seed) : card_(std::move(card)), reader_(card_) {
    card_->seed(seed);
  }
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
    const se::Flavor& product = se::flavor(name);
    auto chip = memory ? std::make_shared<se::Card>(se::Card::load(*memory)) : std::make_shared<se::Card>(product);
    if (chip->flavor().name != name) {
      throw Error(ErrorKind::usage, "the card memory that the scenario begins with is of flavor " +
                                        chip->flavor().name + ", and it is played on " + name);
    }
    auto out = std::make_unique<SimulatedCard>(std::move(chip), seed);
    out->product = product;
    out->flavor = OpenCard::host_side(product);
    out->traits.encrypt_empty_data = product.encrypt_empty_data;
    out->counts_every_attempt = product.auth_counter.on == se::AuthCounter::On::initialize_update;
    out->keys = keys_->of(product);
    return out;
  }

 private:
  std::vector<std::string> flavors_;
  std::shared_ptr<Keys> keys_;
};

}  // namespace

std::vector<std::unique_ptr<scenario::Supply>> open_supplies(const SupplyOptions& options) {
  const CardName name = CardName::parse(options.card);
  const bool any = options.card == "sim" || options.card == "sim:*";
  const std::vector<std::string> flavors = any ? se::flavor_names() : std::vector<std::string>{name.flavor};
  const auto keys = std::make_shared<Keys>(options.keys);
  std::vector<std::unique_ptr<scenario::Supply>> out;
  for (unsigned job = 0; job < options.jobs; ++job) out.push_back(std::make_unique<SimulatedSupply>(flavors, keys));
  return out;
}

}  // namespace cw::app
