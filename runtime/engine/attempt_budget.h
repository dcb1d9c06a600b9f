// How often a run may try to authenticate. Spent before INITIALIZE UPDATE is sent and settled after it, since a card
// may count an unfinished handshake; a key whose card cryptogram did not match is never tried again.
//
// Owner: one run, over all its attempts. A store shared by all runs and nodes is to take this place.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace cw::engine {

class AttemptBudget {
 public:
  /// What a card counts by: security domain and key version.
  struct Target {
    Bytes aid{};          // as the card knows it, whatever the script says; empty: the ISD
    uint8_t version = 0;  // 0: the card chooses, so it may be any
    bool operator==(const Target&) const = default;
  };

  /// `limit`: attempts without a verified card cryptogram that one target may cost. `count_all`: the card counts every
  /// INITIALIZE UPDATE, so a verified cryptogram gives nothing back.
  explicit AttemptBudget(unsigned limit, bool count_all = false) : limit_(limit), count_all_(count_all) {}

  /// Before INITIALIZE UPDATE. Raises budget: the key set was refused before, or the target's limit is reached.
  void spend(const Target& target, const std::string& keys);
  /// The card cryptogram matched.
  void verified(const Target& target);
  /// It did not: never again in this run, on whatever domain and under whatever version.
  void mismatched(const std::string& keys) { mismatched_.insert(keys); }
  /// It did, and the card refused EXTERNAL AUTHENTICATE all the same, as where only the MAC key is wrong: spent after
  /// all, and never again.
  void refused(const Target& target, const std::string& keys);

 private:
  struct Account {
    Target target{};
    unsigned spent = 0;
  };
  unsigned spent(const Target& target) const;
  unsigned& count(const Target& target);

  unsigned limit_;
  bool count_all_;
  std::vector<Account> accounts_;  // a run meets a few domains at most
  std::set<std::string> mismatched_;
};

}  // namespace cw::engine
