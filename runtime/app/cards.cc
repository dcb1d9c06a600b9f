#include "app/cards.h"

#include "app/recorded_card.h"
#include "base/error.h"
#include "card/pcsc.h"
#include "crypto/digest.h"

namespace cw::app {

namespace {

constexpr uint8_t kDes = 0x80;
constexpr const char* kGeneric = "generic";

/// P1 of STORE DATA without what a flow says itself: last block (b8) and the structure of the data (b5 b4).
constexpr uint8_t kStoreDataExtras = 0x67;

/// The flavor that name and options agree on.
const se::Flavor& flavor_of(const CardName& name, const std::optional<std::string>& option) {
  if (option && !name.flavor.empty() && *option != name.flavor) {
    throw Error(ErrorKind::usage, "--card sim:" + name.flavor + " and --flavor " + *option +
                                      " name different products; leave one of them out");
  }
  if (option) return se::flavor(*option);
  return se::flavor(name.flavor.empty() ? kGeneric : name.flavor);
}

}  // namespace

card::PcscOptions pcsc_options(const se::Flavor& flavor, bool shared) {
  card::PcscOptions options;
  options.shared = shared;
  options.answer_limit = 2 * std::chrono::seconds(flavor.longest_answer_s);
  return options;
}

CardName CardName::parse(const std::string& text) {
  const size_t colon = text.find(':');
  const std::string kind = text.substr(0, colon);
  const std::string rest = colon == std::string::npos ? "" : text.substr(colon + 1);
  CardName name;
  if (kind == "sim") {
    if (colon != std::string::npos) name.flavor = se::flavor(rest).name;
    return name;
  }
  if (kind == "pcsc") {
    name.kind = Kind::pcsc;
    name.reader = rest;
    return name;
  }
  if (kind == "recorded" && !rest.empty()) {
    name.kind = Kind::recorded;
    name.recording = rest;
    return name;
  }
  throw Error(ErrorKind::usage, "cannot open card '" + text +
                                    "'; use sim, sim:FLAVOR, pcsc:READER (cardwright readers lists them), or "
                                    "recorded:FILE");
}

OpenCard::OpenCard(const CardName& name, const CardOptions& options) : flavor_(flavor_of(name, options.flavor)) {
  switch (name.kind) {
    case CardName::Kind::simulated:
      if (options.shared) {
        throw Error(ErrorKind::usage,
                    "--card-shared goes with a card in a reader; the simulated one is this run's own");
      }
      if (options.state) {
        state_ = std::make_unique<CardMemory>(*options.state);
        card_ = state_->load(flavor_, "--card-state");
      }
      if (!card_) {
        card_ = std::make_shared<se::Card>(flavor_);
        if (options.own_serial) card_->set_serial_number(static_cast<uint32_t>(read_be(crypto::random_bytes(4))));
      }
      if (options.seed) card_->seed(*options.seed);
      reader_ = std::make_unique<se::SimReader>(card_);
      return;
    case CardName::Kind::pcsc: {
      if (options.state) {
        throw Error(ErrorKind::usage, "--card-state goes with a simulated card; one in a reader keeps its own memory");
      }
      auto pcsc = std::make_unique<card::PcscReader>(card::find_pcsc_reader(name.reader),
                                                     pcsc_options(flavor_, options.shared));
      pcsc_ = pcsc.get();
      reader_ = std::move(pcsc);
      return;
    }
    case CardName::Kind::recorded:
      if (options.state || options.shared) {
        throw Error(ErrorKind::usage, std::string(options.state ? "--card-state" : "--card-shared") +
                                          " goes with a card, and a recording is none");
      }
      replay_ = open_recording(name.recording);
      if (!options.flavor && !replay_->next()->head.flavor.empty()) {
        flavor_ = se::flavor(replay_->next()->head.flavor);
      }
      reader_ = std::make_unique<RecordedReader>(replay_->next()->head.card);
      return;
  }
}

void OpenCard::save() const {
  if (state_) state_->save(*card_);
}

engine::CardTraits OpenCard::traits() {
  engine::CardTraits traits;
  traits.encrypt_empty_data = flavor_.encrypt_empty_data;
  if (pcsc_ != nullptr) {
    pcsc_->reset();
    traits.extended_length = pcsc_->extended_length();
  }
  return traits;
}

engine::CardCounter counter_of(const se::Flavor& flavor) {
  using Scope = engine::CardCounter::Scope;
  const se::AuthCounter& counter = flavor.auth_counter;
  engine::CardCounter out;
  out.every_attempt = counter.on == se::AuthCounter::On::initialize_update;
  out.set_back = counter.set_back;
  out.scope = counter.scope == se::AuthCounter::Scope::card     ? Scope::card
              : counter.scope == se::AuthCounter::Scope::domain ? Scope::domain
                                                                : Scope::key_version;
  out.limit = counter.limit;
  out.load_failures = flavor.load_failures;
  return out;
}

engine::Flavor OpenCard::host_side(const se::Flavor& flavor) {
  const bool scp02 = !flavor.keys.empty() && flavor.keys.front().type == kDes;
  return {
      {"name", flavor.name},
      {"isd_aid", flavor.isd_aid},
      {"ssd_aid", flavor.ssd_aid},
      {"ssd_package", flavor.ssd_package},
      {"ssd_module", flavor.ssd_module},
      {"privilege_bytes", int64_t{flavor.privilege_length}},
      {"store_data_p1", int64_t{flavor.store_data_p1} & kStoreDataExtras},
      {"install_for_personalization", flavor.install_for_personalization},
      {"list_modules", flavor.list_modules},
      {"delete_cascade", flavor.delete_cascade},
      {"delete_key_by", std::string("version")},
      {"scp", std::string(scp02 ? "02" : "03")},
      {"encrypt_empty_data", flavor.encrypt_empty_data},
      {"pause_after_load_ms", int64_t{0}},
      {"load_parameters", Bytes()},
  };
}

}  // namespace cw::app
