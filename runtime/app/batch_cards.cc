#include "app/batch_cards.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <map>
#include <set>

#include "app/batch_pcsc.h"
#include "app/cards.h"
#include "base/error.h"
#include "base/files.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "se/sim_reader.h"

namespace cw::app {

namespace {

constexpr unsigned kReaderLimit = 64;

/// A reader in which a new card lies for each row, with a serial number of its own.
class SimCards : public batch::CardSource {
 public:
  SimCards(std::string name, const se::Flavor& flavor, std::optional<std::filesystem::path> states)
      : name_(std::move(name)), flavor_(flavor), states_(std::move(states)) {
    insert();
  }

  std::string name() const override { return name_; }

  bool next_card(const std::atomic<bool>& stop) override {
    if (stop) return false;
    insert();
    return true;
  }

  card::Reader& reader() override { return *reader_; }
  engine::Flavor flavor() const override { return OpenCard::host_side(flavor_); }
  engine::CardTraits traits() const override {
    engine::CardTraits traits;
    traits.encrypt_empty_data = flavor_.encrypt_empty_data;
    return traits;
  }
  engine::CardCounter counter() const override { return counter_of(flavor_); }

  void row_begins(const std::string& row) override { row_ = row; }
  void row_ends() override {
    if (!states_) return;
    write_file_atomically(card_state_of(*states_, row_), view(reader_->card().save()), /*owner_only=*/true);
  }

 private:
  void insert() {
    auto card = std::make_shared<se::Card>(flavor_);
    card->set_serial_number(static_cast<uint32_t>(read_be(crypto::random_bytes(4))));
    reader_ = std::make_unique<se::SimReader>(std::move(card));
  }

  std::string name_;
  const se::Flavor& flavor_;
  std::optional<std::filesystem::path> states_;
  std::unique_ptr<se::SimReader> reader_;
  std::string row_;
};

struct SimName {
  std::string flavor{};
  unsigned count = 1;
};

SimName parse_sim(const std::string& text) {
  SimName out;
  const size_t star = text.find('*');
  const std::string name = text.substr(0, star);
  out.flavor = CardName::parse(name).flavor;
  if (out.flavor.empty()) out.flavor = "generic";
  if (star == std::string::npos) return out;
  const char* begin = text.data() + star + 1;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(begin, end, out.count);
  if (result.ec != std::errc() || result.ptr != end || out.count == 0 || out.count > kReaderLimit) {
    throw Error(ErrorKind::usage,
                "--cards '" + text + "': behind * stands how many readers, 1 to " + std::to_string(kReaderLimit));
  }
  return out;
}

bool stays(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

}  // namespace

bool BatchCards::simulated() const {
  return std::none_of(names.begin(), names.end(), [](const std::string& name) { return name.starts_with("pcsc"); });
}

std::string file_name_of(const std::string& row) {
  std::string out;
  for (const char c : row) {
    // No name begins with a dot: neither a hidden file nor a folder above.
    out += stays(c) && !(c == '.' && out.empty()) ? std::string(1, c) : "%" + to_hex(static_cast<uint8_t>(c));
  }
  constexpr size_t kLimit = 200;  // of a file name's 255
  if (out.size() <= kLimit) return out;
  return out.substr(0, 100) + "-" + to_hex(crypto::digest(crypto::Hash::sha256, view(row)));
}

std::filesystem::path card_state_of(const std::filesystem::path& folder, const std::string& row) {
  return folder / (file_name_of(row) + ".json");
}

namespace {

/// Adds the readers that one --cards names, without those that are there already.
class Opener {
 public:
  Opener(const BatchCards& wanted, bool needs_keys) : wanted_(wanted), needs_keys_(needs_keys) {}

  OpenedCards open() {
    for (const std::string& name : wanted_.names) {
      const CardName::Kind kind = CardName::parse(name.substr(0, name.find('*'))).kind;
      if (kind == CardName::Kind::recorded) {
        throw Error(ErrorKind::usage, "--cards " + name +
                                          ": a recording is of one card, and no batch; replay it with " +
                                          "cardwright run, as it was made");
      }
      if (kind == CardName::Kind::pcsc) {
        add_pcsc(name.substr(name.find(':') == std::string::npos ? name.size() : name.find(':') + 1));
      } else {
        const SimName sim = parse_sim(name);
        flavors_.insert(flavors_.end(), sim.count, sim.flavor);
      }
      if (flavors_.size() + opened_.readers.size() > kReaderLimit) {
        throw Error(ErrorKind::usage, "more than " + std::to_string(kReaderLimit) + " readers in --cards");
      }
    }
    if (wanted_.flavor && opened_.readers.empty()) {
      throw Error(ErrorKind::usage, "--flavor goes with cards in readers; of simulated ones write --cards sim:FLAVOR");
    }
    opened_.simulated = opened_.readers.empty();
    for (const std::string& flavor : flavors_) add_sim(flavor);
    return std::move(opened_);
  }

 private:
  void add_pcsc(const std::string& pattern) {
    const se::Flavor& flavor = se::flavor(wanted_.flavor.value_or("generic"));
    const KeySource keys = open_keys(wanted_.keys, std::getenv("CARDWRIGHT_KEYS"), nullptr);
    if (needs_keys_) keys.demand();
    for (const std::string& name : pcsc_readers_like(pattern)) {
      if (!pcsc_.insert(name).second) continue;
      opened_.readers.push_back({pcsc_cards(name, flavor), keys.store});
      opened_.origins.push_back({"pcsc:" + name, wanted_.flavor, key_file()});
    }
  }

  void add_sim(const std::string& name) {
    const se::Flavor& flavor = se::flavor(name);
    if (!keys_.contains(name)) {
      keys_.emplace(name, open_keys(wanted_.keys, std::getenv("CARDWRIGHT_KEYS"), &flavor));
    }
    const bool alone = std::count(flavors_.begin(), flavors_.end(), name) == 1;
    const std::string number = alone ? "" : " " + std::to_string(++numbers_[name]);
    opened_.readers.push_back(
        {std::make_unique<SimCards>("sim:" + name + number, flavor, wanted_.card_states), keys_.at(name).store});
    opened_.origins.push_back({"sim:" + name, {}, key_file()});
    opened_.built_in_keys = opened_.built_in_keys || keys_.at(name).built_in;
  }

  std::optional<std::string> key_file() const {
    if (!wanted_.keys) return {};
    return key_place_text(*wanted_.keys);
  }

  const BatchCards& wanted_;
  bool needs_keys_;
  OpenedCards opened_{};
  std::set<std::string> pcsc_{};
  std::vector<std::string> flavors_{};  // of the simulated readers
  std::map<std::string, KeySource> keys_{};
  std::map<std::string, size_t> numbers_{};
};

}  // namespace

OpenedCards open_cards(const BatchCards& wanted, bool needs_keys) {
  OpenedCards out = Opener(wanted, needs_keys).open();
  if (!wanted.card_states) return out;
  std::error_code error;
  std::filesystem::create_directories(*wanted.card_states, error);
  if (error) {
    throw Error(ErrorKind::usage, "cannot make folder " + wanted.card_states->string() + ": " + error.message());
  }
  return out;
}

}  // namespace cw::app
