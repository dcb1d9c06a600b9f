// Opening the card that --card names. This version has the simulated card; other readers come with their own prefix.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "card/reader.h"
#include "engine/card_session.h"
#include "engine/flavor.h"
#include "se/sim_reader.h"

namespace cw::app {

/// "sim", "sim:jcop4".
struct CardName {
  std::string flavor{};
  /// Raises usage: another kind of reader, an unknown flavor (names the nearest).
  static CardName parse(const std::string& text);
};

class OpenCard {
 public:
  /// `state`: a file that holds the card's memory between two programs; read if it is there. `seed` restarts the card's
  /// random numbers. Raises usage: the file is no card memory, or that of another flavor.
  OpenCard(const CardName& name, const std::optional<std::filesystem::path>& state, std::optional<uint64_t> seed);

  card::Reader& reader() { return *reader_; }
  const se::Flavor& simulated() const { return card_->flavor(); }
  engine::Flavor flavor() const { return host_side(simulated()); }
  engine::CardTraits traits() const;
  bool counts_every_attempt() const;

  /// Writes the card's memory to its file, if it has one; only its owner may read that, since it holds keys.
  void save() const;

  /// What a flow reads as run.flavor.
  static engine::Flavor host_side(const se::Flavor& flavor);

 private:
  std::optional<std::filesystem::path> state_;
  std::shared_ptr<se::Card> card_;
  std::unique_ptr<se::SimReader> reader_;
};

}  // namespace cw::app
