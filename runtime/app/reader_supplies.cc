// Scenarios on cards in readers of pcscd: real ones that stay there, and simulated ones in virtual readers.
#include <algorithm>

#include "app/cards.h"
#include "base/error.h"
#include "base/pattern.h"
#include "card/pcsc.h"
#include "card/pcsc_reader.h"
#include "se/vpcd_card.h"
#include "supply_parts_private.h"

namespace cw::app {

namespace {

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
  describe(*out, se::flavor(flavor));
  out->keys = keys.of(se::flavor(flavor));
  reader.reset();
  out->traits.extended_length = reader.extended_length();
  return out;
}

class ReaderSupply : public scenario::Supply {
 public:
  ReaderSupply(const std::string& reader, std::string flavor, const SupplyOptions& options, std::shared_ptr<Keys> keys)
      : reader_(reader, pcsc_options(se::flavor(flavor), /*shared=*/false)),
        flavor_(std::move(flavor)),
        fresh_(options.fresh),
        keys_(std::move(keys)),
        counted_(options.count ? options.count(reader_.name()) : nullptr) {}

  std::string name(const std::string&) const override { return reader_.name(); }
  std::vector<std::string> flavors() const override { return {flavor_}; }
  bool fresh() const override { return fresh_; }
  bool simulated() const override { return false; }
  std::unique_ptr<scenario::PlayedCard> card(const std::string&, const std::optional<std::string>&, uint64_t) override {
    std::unique_ptr<scenario::PlayedCard> card = card_in(reader_, flavor_, *keys_);
    if (counted_) card->ledger = counted_->ledger();
    if (counted_) card->key_watch = &counted_->key_watch();
    return card;
  }

 private:
  card::PcscReader reader_;
  std::string flavor_;
  bool fresh_;
  std::shared_ptr<Keys> keys_;
  std::unique_ptr<CountedRun> counted_;  // null: each run counts for itself
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

}  // namespace

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

Supplies in_readers(const std::string& rest, const SupplyOptions& options) {
  const std::string flavor = se::flavor(options.flavors.empty() ? "generic" : options.flavors.front()).name;
  const auto keys = std::make_shared<Keys>(options.keys, /*simulated=*/false);
  Supplies out;
  for (const std::string& reader : readers_named(rest)) {
    out.push_back(std::make_unique<ReaderSupply>(reader, flavor, options, keys));
  }
  return out;
}

}  // namespace cw::app
