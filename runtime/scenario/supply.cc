#include "scenario/supply.h"

namespace cw::scenario {

void put_on(engine::RunSetup& setup, PlayedCard& card, card::Reader& reader) {
  setup.keys = card.keys;
  setup.reader = &reader;
  setup.flavor = card.flavor;
  setup.traits = card.traits;
  setup.card_counter = card.counter;
  setup.ledger = card.ledger;
  setup.key_watch = card.key_watch;
  setup.asks_nobody = card.chip() != nullptr;
}

}  // namespace cw::scenario
