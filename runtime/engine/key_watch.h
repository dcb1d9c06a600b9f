// Follows the keys of security domains, so that no card is left with keys that nobody can name: told both candidates
// before the first byte of PUT KEY goes out, and later which key set opened a channel.
//
// Owner: whoever starts the runs; it outlives them. Thread rule: that of the runs that share it; this one, which keeps
// nothing, any.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace cw::engine {

class KeyWatch {
 public:
  /// Whose keys they are.
  struct Place {
    std::string card{};  // who it is, as the budgets know it; else "KDD-" and its diversification data
    Bytes domain{};      // AID as the card gave it; empty: the ISD
    bool operator==(const Place&) const = default;
  };
  struct Keys {
    std::string set{};    // name in custody
    uint8_t version = 0;  // on the card
    bool operator==(const Keys&) const = default;
  };

  virtual ~KeyWatch() = default;

  /// PUT KEY is to go out in a channel that `before` opened, and its data are keys of `after`. Whatever becomes of it,
  /// one of the two opens the domain. Returns when both are durable. Raises store, usage: nothing is sent.
  virtual void about_to_put_keys(const Place& /*place*/, const Keys& /*before*/, const Keys& /*after*/) {}
  /// The domain was opened with these keys: the card holds them.
  virtual void channel_opened(const Place& /*place*/, const Keys& /*keys*/) {}
};

}  // namespace cw::engine
