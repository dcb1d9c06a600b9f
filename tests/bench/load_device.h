// A device of the load: a simulated card of its own, and one of the two protocols that a device speaks.
//
// Owner: a crowd. One thread at a time.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "agent/relay.h"
#include "load_line.h"
#include "se/sim_reader.h"

namespace cw::bench {

class LoadDevice : private agent::Follower {
 public:
  /// `serial`: the card's. `ticket`: the session.
  static std::unique_ptr<LoadDevice> make(bool seram, uint32_t serial, const std::string& ticket);
  ~LoadDevice() override = default;

  /// The request that is due, as HTTP has it.
  virtual std::string request() const = 0;
  struct Next {
    bool over = false;
    std::chrono::milliseconds pause{0};
  };
  /// Carries out what the answer orders. Raises Error: it is none that the protocol has.
  virtual Next take(const LoadAnswer& answer) = 0;

  const se::Card& card() const { return *card_; }
  uint64_t command_bytes = 0, answer_bytes = 0;  // of the card's APDUs
  uint64_t commands = 0;
  uint64_t orders = 0;      // answers that had commands
  double card_seconds = 0;  // of processor time

 protected:
  LoadDevice(uint32_t serial, std::string ticket);
  Bytes send(ByteView command);

  const std::string ticket_;
  const std::string name_;  // of the card

 private:
  void exchanged(ByteView command, ByteView answer) override;

  std::shared_ptr<se::Card> card_;
  se::SimReader reader_;
  agent::Relay relay_;
};

}  // namespace cw::bench
