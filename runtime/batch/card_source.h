// One reader of a batch: cards come and go in it.
//
// Owner: the batch; each source has one thread of its own.
#pragma once

#include <atomic>
#include <string>

#include "card/reader.h"
#include "engine/card_counter.h"
#include "engine/card_session.h"
#include "engine/flavor.h"

namespace cw::batch {

class CardSource {
 public:
  virtual ~CardSource() = default;

  /// Name a person recognises; no two sources of a batch have the same.
  virtual std::string name() const = 0;

  /// Waits until the card before is gone and a fresh one is there. False: no card will come any more, or `stop` turned
  /// true. Raises reader: the reader is gone.
  virtual bool next_card(const std::atomic<bool>& stop) = 0;

  /// Of the card that next_card() found.
  virtual card::Reader& reader() = 0;
  virtual engine::Flavor flavor() const = 0;
  virtual engine::CardTraits traits() const = 0;
  virtual engine::CardCounter counter() const = 0;

  /// The card that is there has been given a row; its run has ended. For sources that keep what became of a card.
  virtual void row_begins(const std::string& /*row*/) {}
  virtual void row_ends() {}
};

}  // namespace cw::batch
