#include "se/sim_reader.h"

#include "base/error.h"

namespace cw::se {

SimReader::SimReader(std::shared_ptr<Card> card) : card_(std::move(card)) {}

std::string SimReader::name() const { return "sim:" + card_->flavor().name; }

Bytes SimReader::reset() { return card_->reset(); }

Bytes SimReader::transmit(ByteView command) {
  Bytes response = card_->process(command);
  if (response.empty()) {
    throw Error(ErrorKind::reader,
                "reader " + name() + ": no answer, the card lost power; reset it and look at its state");
  }
  return response;
}

}  // namespace cw::se
