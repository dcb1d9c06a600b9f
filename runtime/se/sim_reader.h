// A Reader with a simulated card in it. Shares the card with whoever else holds it: a test keeps a hand on the chip
// while a flow talks to it through here.
#pragma once

#include <memory>

#include "card/reader.h"
#include "se/card.h"

namespace cw::se {

class SimReader : public card::Reader {
 public:
  explicit SimReader(std::shared_ptr<Card> card);

  /// "sim:" and the flavor's name.
  std::string name() const override;
  Bytes reset() override;
  /// Raises reader: the card lost power and did not answer.
  Bytes transmit(ByteView command) override;

  Card& card() { return *card_; }

 private:
  std::shared_ptr<Card> card_;
};

}  // namespace cw::se
