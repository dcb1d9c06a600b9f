// Where the cards of scenarios come from: simulated ones as many as are wanted, a virtual or a real reader, a
// recording. The command line makes one supply for each job.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "card/reader.h"
#include "crypto/key_store.h"
#include "engine/run.h"
#include "se/card.h"
#include "se/flavor.h"

namespace cw::scenario {

/// One card, for one play.
class PlayedCard {
 public:
  virtual ~PlayedCard() = default;

  virtual card::Reader& reader() = 0;
  /// The chip in this process, or null: a card elsewhere.
  virtual std::shared_ptr<se::Card> chip() { return {}; }

  se::Flavor product{};     // what the host knows of the card
  engine::Flavor flavor{};  // the same for run.flavor
  engine::CardTraits traits{};
  engine::CardCounter counter{};
  std::shared_ptr<const crypto::KeyStore> keys{};
  std::shared_ptr<engine::Replay> replay{};        // a recording in the place of the card
  std::shared_ptr<engine::BudgetLedger> ledger{};  // what the card was asked by others too; null: each run's own
  engine::KeyWatch* key_watch = nullptr;           // outlives it; null: nobody follows its keys
};

/// What a run on this card has to know of it; `reader`: the card's own, or one around it, which outlives the run.
void put_on(engine::RunSetup& setup, PlayedCard& card, card::Reader& reader);

class Supply {
 public:
  virtual ~Supply() = default;

  /// "sim:jcop4", "pcsc:Reader 00": for reports.
  virtual std::string name(const std::string& flavor) const = 0;
  /// Flavors of the cards it has; the first is taken where a scenario does not care.
  virtual std::vector<std::string> flavors() const = 0;
  /// Each card is as it left the factory; a card that stays in its reader is not.
  virtual bool fresh() const = 0;
  /// The next play has a chip in this process.
  virtual bool simulated() const = 0;

  /// A card of this flavor. `memory`: that a simulated one begins with. Raises usage, reader.
  virtual std::unique_ptr<PlayedCard> card(const std::string& flavor, const std::optional<std::string>& memory,
                                           uint64_t seed) = 0;
};

}  // namespace cw::scenario
