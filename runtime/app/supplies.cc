#include "app/supplies.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>

#include "app/cards.h"
#include "app/key_source.h"
#include "app/recorded_card.h"
#include "base/error.h"
#include "base/pattern.h"
#include "card/pcsc.h"
#include "card/pcsc_reader.h"
#include "se/sim_reader.h"
#include "se/vpcd_card.h"

namespace cw::app {

namespace {

using Supplies = std::vector<std::unique_ptr<scenario::Supply>>;

/// Key stores by flavor; a file is read once.
class Keys {
 public:
  /// `simulated`: where there is no file, the flavor's test keys will do.
  Keys(std::optional<std::filesystem::path> file, bool simulated) : file_(std::move(file)), simulated_(simulated) {}

  std::shared_ptr<const crypto::KeyStore> of(const se::Flavor& flavor) {
    const std::lock_guard lock(mutex_);
    auto& store = stores_[flavor.name];
    if (!store) store = open_keys(file_, std::getenv("CARDWRIGHT_KEYS"), simulated_ ? &flavor : nullptr).store;
    return store;
  }

 private:
  std::optional<std::filesystem::path> file_;
  bool simulated_;
  std::mutex mutex_{};
  std::map<std::string, std::shared_ptr<const crypto::KeyStore>> stores_{};
};

/// What the host knows of a card, by its flavor.
void describe(scenario::PlayedCard& card, const se::Flavor& product, Keys& keys) {
  card.product = product;
  card.flavor = OpenCard::host_side(product);
  card.traits.encrypt_empty_data = product.encrypt_empty_data;
  card.counts_every_attempt = product.auth_counter.on == se::AuthCounter::On::initialize_update;
  card.keys = keys.of(product);
}

/// A chip of this flavor, with that memory or as it leaves the factory.
se::Card make_chip(const std::string& flavor, const std::optional<std::string>& memory, uint64_t seed) {
  se::Card chip = memory ? se::Card::load(*memory) : se::Card(se::flavor(flavor));
  if (chip.flavor().name != flavor) {
    throw Error(ErrorKind::usage, "the card memory that the scenario begins with is of flavor " + chip.flavor().name +
                                      ", and it is played on " + flavor);
  }
  chip.seed(seed);
  return chip;
}

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
    describe(*out, se::flavor(name), *keys_);
    return out;
  }

 private:
  std::vector<std::string> flavors_;
  std::shared_ptr<Keys> keys_;
};

/// A card in a reader, which stays there.
class CardInReader : public scenario::PlayedCard {
 public:
  explicit CardInReader(card::PcscReader& reader) : reader_(reader) {}
  card::Reader& reader() override { return reader_; }

 private:
  card::PcscReader& reader_;
};

std::unique_ptr<scenario::PlayedCard> card_in(card::PcscReader& reader, const std::string& flavor, Keys& keys) {
  auto out = std::make_unique<CardInReader>(reader);
  describe(*out, se::flavor(flavor), keys);
  reader.reset();
  out->traits.extended_length = reader.extended_length();
  return out;
}

class ReaderSupply : public scenario::Supply {
 public:
  ReaderSupply(const std::string& reader, std::string flavor, bool fresh, std::shared_ptr<Keys> keys)
      : reader_(reader, pcsc_options(se::flavor(flavor), /*shared=*/false)),
        flavor_(std::move(flavor)),
        fresh_(fresh),
        keys_(std::move(keys)) {}

  std::string name(const std::string&) const override { return reader_.name(); }
  std::vector<std::string> flavors() const override { return {flavor_}; }
  bool fresh() const override { return fresh_; }
  bool simulated() const override { return false; }
  std::unique_ptr<scenario::PlayedCard> card(const std::string&, const std::optional<std::string>&, uint64_t) override {
    return card_in(reader_, flavor_, *keys_);
  }

 private:
  card::PcscReader reader_;
  std::string flavor_;
  bool fresh_;
  std::shared_ptr<Keys> keys_;
};

/// Simulated cards in one virtual reader: the card stays in it, and gets another memory for each play.
class VirtualReaderSupply : public scenario::Supply {
 public:
  VirtualReaderSupply(std::vector<std::string> flavors, const se::VpcdAddress& address, std::shared_ptr<Keys> keys)
      : flavors_(std::move(flavors)),
        keys_(std::move(keys)),
        chip_(std::make_shared<se::Card>(se::flavor(flavors_.front()))),
        inserted_(chip_, address, {}) {
    const std::vector<card::PcscReaderInfo> before = settled_readers();
    inserted_.insert();
    reader_ = std::make_unique<card::PcscReader>(name_of_reader(before, address), card::PcscOptions{});
  }
  ~VirtualReaderSupply() override {
    reader_.reset();
    inserted_.remove();
  }

  std::string name(const std::string& flavor) const override { return "vpcd:" + flavor; }
  std::vector<std::string> flavors() const override { return flavors_; }
  bool fresh() const override { return true; }
  bool simulated() const override { return false; }
  std::unique_ptr<scenario::PlayedCard> card(const std::string& flavor, const std::optional<std::string>& memory,
                                             uint64_t seed) override {
    inserted_.with_card([&](se::Card& chip) { chip = make_chip(flavor, memory, seed); });
    return card_in(*reader_, flavor, *keys_);
  }

 private:
  /// The readers as they are. pcscd takes a moment to see that an earlier card is gone.
  static std::vector<card::PcscReaderInfo> settled_readers() {
    std::vector<card::PcscReaderInfo> readers = card::pcsc_readers();
    const bool any = std::any_of(readers.begin(), readers.end(), [](const auto& reader) { return reader.present; });
    return any ? card::wait_for_pcsc_change(readers, std::chrono::seconds(1)) : readers;
  }

  /// The reader that has a card now and had none before, or had another: pcscd may be late to see that one leave.
  static std::string name_of_reader(const std::vector<card::PcscReaderInfo>& before, const se::VpcdAddress& address) {
    std::vector<card::PcscReaderInfo> now = before;
    for (int look = 0; look < 50; ++look) {
      now = card::wait_for_pcsc_change(now, std::chrono::milliseconds(200));
      for (const card::PcscReaderInfo& reader : now) {
        const bool had = std::any_of(before.begin(), before.end(), [&](const card::PcscReaderInfo& other) {
          return other.name == reader.name && other.present && other.events == reader.events;
        });
        if (reader.present && !had) return reader.name;
      }
    }
    throw Error(ErrorKind::reader, "the card is in the virtual reader at " + address.text() +
                                       ", and pcscd shows no reader with a new card; is vpcd a driver of this pcscd?");
  }

  std::vector<std::string> flavors_;
  std::shared_ptr<Keys> keys_;
  std::shared_ptr<se::Card> chip_;
  se::VpcdCard inserted_;
  std::unique_ptr<card::PcscReader> reader_{};
};

/// Flows are answered by the recording, above the reader; commands of the scenario itself reach this.
class NoCard : public card::Reader {
 public:
  explicit NoCard(std::string name) : name_(std::move(name)) {}
  std::string name() const override { return name_; }
  Bytes reset() override { return {0x3B, 0x00}; }
  Bytes transmit(ByteView) override {
    throw Error(ErrorKind::usage,
                "the recording has the flows of another scenario, or of a run, and no answer to a "
                "command of this scenario itself; record it with cardwright test --record FILE");
  }

 private:
  std::string name_;
};

class Recorded : public scenario::PlayedCard {
 public:
  explicit Recorded(const std::string& name) : reader_(name) {}
  card::Reader& reader() override { return reader_; }

 private:
  NoCard reader_;
};

/// One recording: scenarios take its runs one after the other, as they were recorded.
class RecordedSupply : public scenario::Supply {
 public:
  explicit RecordedSupply(const std::string& file) : file_(file), replay_(open_recording(file)) {
    for (const engine::RecordedRun& run : replay_->recording().runs) {
      const std::string& flavor = run.head.flavor.empty() ? kGeneric : run.head.flavor;
      if (std::find(flavors_.begin(), flavors_.end(), flavor) == flavors_.end()) flavors_.push_back(flavor);
    }
  }

  std::string name(const std::string&) const override { return "recorded:" + file_; }
  std::vector<std::string> flavors() const override { return flavors_; }
  bool fresh() const override { return true; }
  bool simulated() const override { return false; }
  std::unique_ptr<scenario::PlayedCard> card(const std::string& flavor, const std::optional<std::string>&,
                                             uint64_t) override {
    auto out = std::make_unique<Recorded>(name(flavor));
    Keys keys({}, /*simulated=*/true);
    describe(*out, se::flavor(flavor), keys);
    out->replay = replay_;
    return out;
  }

 private:
  inline static const std::string kGeneric = "generic";
  std::string file_;
  std::shared_ptr<engine::Replay> replay_;
  std::vector<std::string> flavors_{};
};

/// "": every flavor; "*": the same.
std::vector<std::string> flavors_named(const std::string& name) {
  return name.empty() || name == "*" ? se::flavor_names() : std::vector<std::string>{se::flavor(name).name};
}

Supplies simulated(const std::string& rest, const SupplyOptions& options) {
  const auto keys = std::make_shared<Keys>(options.keys, /*simulated=*/true);
  Supplies out;
  for (unsigned job = 0; job < options.jobs; ++job) {
    out.push_back(std::make_unique<SimulatedSupply>(flavors_named(rest), keys));
  }
  return out;
}

Supplies in_virtual_readers(const std::string& rest, const SupplyOptions& options) {
  const size_t at = rest.find('@');
  se::VpcdAddress address = se::VpcdAddress::parse(at == std::string::npos ? "" : rest.substr(at + 1));
  const auto keys = std::make_shared<Keys>(options.keys, /*simulated=*/true);
  Supplies out;
  for (unsigned job = 0; job < options.jobs; ++job, ++address.port) {
    out.push_back(std::make_unique<VirtualReaderSupply>(flavors_named(rest.substr(0, at)), address, keys));
  }
  return out;
}

/// Names of the readers that a pattern with * means, or of the one that a part or an index means.
std::vector<std::string> readers_named(const std::string& wanted) {
  if (wanted.find('*') == std::string::npos) return {card::find_pcsc_reader(wanted)};
  std::vector<std::string> out;
  for (const card::PcscReaderInfo& reader : card::pcsc_readers()) {
    if (matches_pattern(wanted, reader.name)) out.push_back(reader.name);
  }
  if (out.empty()) {
    throw Error(ErrorKind::reader, "no reader of pcscd is named as pcsc:" + wanted + "; cardwright readers lists them");
  }
  return out;
}

Supplies in_readers(const std::string& rest, const SupplyOptions& options) {
  const std::string flavor = se::flavor(options.flavors.empty() ? "generic" : options.flavors.front()).name;
  const auto keys = std::make_shared<Keys>(options.keys, /*simulated=*/false);
  Supplies out;
  for (const std::string& reader : readers_named(rest)) {
    out.push_back(std::make_unique<ReaderSupply>(reader, flavor, options.fresh, keys));
  }
  return out;
}

}  // namespace

Supplies open_supplies(const SupplyOptions& options) {
  const size_t colon = options.card.find(':');
  const std::string kind = options.card.substr(0, colon);
  const std::string rest = colon == std::string::npos ? "" : options.card.substr(colon + 1);
  if (kind == "sim") return simulated(rest, options);
  if (kind == "vpcd") return in_virtual_readers(rest, options);
  if (kind == "pcsc") return in_readers(rest, options);
  if (kind == "recorded") {
    if (options.jobs > 1) throw Error(ErrorKind::usage, "one recording is replayed by one job; leave --jobs out");
    Supplies out;
    out.push_back(std::make_unique<RecordedSupply>(rest));
    return out;
  }
  throw Error(ErrorKind::usage, "cannot open card '" + options.card +
                                    "'; use sim, sim:FLAVOR, vpcd:FLAVOR@HOST:PORT, pcsc:READER, or recorded:FILE");
}

}  // namespace cw::app
