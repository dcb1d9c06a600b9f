// How often a run may try to authenticate. Spent before INITIALIZE UPDATE is sent and settled after it, since a card
// may count an unfinished handshake; a key whose card cryptogram did not match is never tried again.
//
// Owner: one run, over all its attempts. A store shared by all runs and nodes is to take this place.
#pragma once

#include <map>
#include <string>
#include <tuple>

#include "base/bytes.h"

namespace cw::engine {

class AttemptBudget {
 public:
  /// What a card counts by: security domain, key set, key version.
  struct Target {
    Bytes aid{};
    std::string keys{};
    uint8_t version = 0;
    auto operator<=>(const Target&) const = default;
  };

  /// `limit`: attempts without a verified card cryptogram that one target may cost. `count_all`: the card counts every
  /// INITIALIZE UPDATE, so a verified cryptogram gives nothing back.
  explicit AttemptBudget(unsigned limit, bool count_all = false) : limit_(limit), count_all_(count_all) {}

  /// Before INITIALIZE UPDATE. Raises budget: the target's cryptogram failed before, or the limit is reached.
  void spend(const Target& target);
  /// The card cryptogram matched.
  void verified(const Target& target);
  /// It did not: never again in this run.
  void mismatched(const Target& target);

 private:
  struct Account {
    unsigned spent = 0;
    bool mismatched = false;
  };
  unsigned limit_;
  bool count_all_;
  std::map<Target, Account> accounts_;
};

}  // namespace cw::engine
