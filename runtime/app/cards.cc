#include "app/cards.h"

#include "app/failure.h"
#include "base/error.h"
#include "base/files.h"

namespace cw::app {

namespace {

constexpr uint8_t kDes = 0x80;

/// P1 of STORE DATA without what a flow says itself: last block (b8) and the structure of the data (b5 b4).
constexpr uint8_t kStoreDataExtras = 0x67;

std::shared_ptr<se::Card> make_card(const se::Flavor& flavor, const std::optional<std::filesystem::path>& state) {
  std::error_code ignored;
  if (!state || !std::filesystem::exists(*state, ignored)) return std::make_shared<se::Card>(flavor);
  const Bytes text = read_file(*state);
  std::shared_ptr<se::Card> card;
  if (const auto failure = failure_of([&] { card = std::make_shared<se::Card>(se::Card::load(text_view(text))); })) {
    throw failure->within("card memory " + state->string());
  }
  if (card->flavor().name != flavor.name) {
    throw Error(ErrorKind::usage, "the card in " + state->string() + " is of flavor " + card->flavor().name +
                                      "; use --card sim:" + card->flavor().name + ", or another --card-state file");
  }
  return card;
}

}  // namespace

CardName CardName::parse(const std::string& text) {
  const size_t colon = text.find(':');
  const std::string kind = text.substr(0, colon);
  if (kind != "sim") {
    throw Error(ErrorKind::usage,
                "cannot open card '" + text +
                    "': this version has the simulated card only; use --card sim or --card sim:FLAVOR");
  }
  const std::string flavor = colon == std::string::npos ? "generic" : text.substr(colon + 1);
  return {se::flavor(flavor).name};
}

OpenCard::OpenCard(const CardName& name, const std::optional<std::filesystem::path>& state,
                   std::optional<uint64_t> seed)
    : state_(state), card_(make_card(se::flavor(name.flavor), state)) {
  if (seed) card_->seed(*seed);
  reader_ = std::make_unique<se::SimReader>(card_);
}

void OpenCard::save() const {
  if (state_) write_file_atomically(*state_, view(card_->save()), /*owner_only=*/true);
}

engine::CardTraits OpenCard::traits() const {
  engine::CardTraits traits;
  traits.encrypt_empty_data = simulated().encrypt_empty_data;
  return traits;
}

bool OpenCard::counts_every_attempt() const {
  return simulated().auth_counter.on == se::AuthCounter::On::initialize_update;
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
      {"delete_cascade", flavor.delete_cascade},
      {"delete_key_by", std::string("version")},
      {"scp", std::string(scp02 ? "02" : "03")},
      {"encrypt_empty_data", flavor.encrypt_empty_data},
      {"pause_after_load_ms", int64_t{0}},
      {"load_parameters", Bytes()},
  };
}

}  // namespace cw::app
