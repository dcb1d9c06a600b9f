// A Reader that does to what passes it what the faults say that are armed. Below the secure channel: it sees wrapped
// bytes, and knows a command by its header.
//
// Owner: whoever plays on the card. One thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "card/reader.h"
#include "scenario/fault.h"
#include "se/card.h"

namespace cw::scenario {

class FaultyReader : public card::Reader {
 public:
  /// `chip`: the simulated card behind `inner`, or null; both outlive this. `fired` is told of each fault that
  /// happens, in words.
  FaultyReader(card::Reader& inner, se::Card* chip, std::function<void(const std::string&)> fired)
      : inner_(inner), chip_(chip), fired_(std::move(fired)) {}
  ~FaultyReader() override;

  std::string name() const override { return inner_.name(); }
  Bytes reset() override;
  Bytes transmit(ByteView command) override;

  /// Counting starts anew with the next command. Raises usage: a fault that needs a simulated card, on another.
  void arm(Fault fault);
  /// What is armed is no more; the reader is there again.
  void disarm();
  /// Faults that were armed and did not happen.
  std::vector<Fault> pending() const;

 private:
  struct Armed {
    Fault fault{};
    unsigned seen = 0;  // commands that the fault looks at
    bool happened = false;
  };

  bool due(Armed& armed, ByteView command, const std::string& name) const;
  Bytes happen(const Fault& fault, ByteView command);
  Bytes send(ByteView command);
  Bytes refuse(uint16_t sw, ByteView command);
  [[noreturn]] void lose(const std::string& what);

  card::Reader& inner_;
  se::Card* chip_;
  std::function<void(const std::string&)> fired_;
  std::vector<Armed> armed_{};
  Bytes again_{};  // an answer that comes twice
  bool powered_ = true;
  bool gone_ = false;
  unsigned commands_ = 0;  // since the last reset
};

}  // namespace cw::scenario
