// Opening the card that --card names: the simulated one, one in a reader of pcscd, or a recording.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "app/card_memory.h"
#include "card/pcsc_reader.h"
#include "card/reader.h"
#include "engine/card_counter.h"
#include "engine/card_session.h"
#include "engine/flavor.h"
#include "engine/replay.h"
#include "se/sim_reader.h"

namespace cw::app {

/// "sim", "sim:jcop4", "pcsc:ACS", "pcsc:0", "recorded:yesterday.rec".
struct CardName {
  enum class Kind { simulated, pcsc, recorded };

  std::string flavor{};  // of a simulated card; empty: none is named
  Kind kind = Kind::simulated;
  std::string reader{};  // as the user wrote it: a name, a part of it or an index; empty: the only one
  std::filesystem::path recording{};
  /// Raises usage: another kind of reader, an unknown flavor (names the nearest).
  static CardName parse(const std::string& text);
};

/// What the options of a command say about the card besides its name.
struct CardOptions {
  std::optional<std::filesystem::path> state{};  // keeps a simulated card's memory between two programs
  std::optional<uint64_t> seed{};                // restarts a simulated card's random numbers
  std::optional<std::string> flavor{};           // what product the card is
  bool shared = false;                           // other programs may use the card in the reader too
  bool own_serial = false;                       // a new simulated card has a serial number that no other has
};

/// How a card of this flavor is talked to in a reader.
card::PcscOptions pcsc_options(const se::Flavor& flavor, bool shared);

/// How a card of this flavor counts failures.
engine::CardCounter counter_of(const se::Flavor& flavor);

class OpenCard {
 public:
  /// A card in a reader is not touched yet. Raises usage: the state file is no card memory, or that of another flavor,
  /// or another program has it; an option that does not go with this card; a reader that is not there. Raises reader:
  /// no pcscd, no reader at all. Raises usage: a file that is no recording.
  OpenCard(const CardName& name, const CardOptions& options);

  card::Reader& reader() { return *reader_; }
  /// The product as the host knows it.
  const se::Flavor& host_flavor() const { return flavor_; }
  /// The simulated card itself; null: it is another one.
  se::Card* simulated() const { return card_.get(); }
  /// The recording; null: it is a card.
  const std::shared_ptr<engine::Replay>& replay() const { return replay_; }
  engine::Flavor flavor() const { return host_side(flavor_); }
  /// Opens a card in a reader, which says what it takes. Raises reader.
  engine::CardTraits traits();
  engine::CardCounter counter() const { return counter_of(flavor_); }

  /// Writes the card's memory to its file, if it has one; only its owner may read that, since it holds keys.
  void save() const;

  /// What a flow reads as run.flavor.
  static engine::Flavor host_side(const se::Flavor& flavor);

 private:
  std::unique_ptr<CardMemory> state_{};
  se::Flavor flavor_;
  std::shared_ptr<se::Card> card_{};
  card::PcscReader* pcsc_ = nullptr;  // reader_, if it is one
  std::shared_ptr<engine::Replay> replay_{};
  std::unique_ptr<card::Reader> reader_{};
};

}  // namespace cw::app
