// How often the runs of a store may try to authenticate to one card. Charged before INITIALIZE UPDATE is sent and
// settled after EXTERNAL AUTHENTICATE, since a card may count a handshake that was not finished; a key set that was
// refused is never tried again in the same run.
//
// Owner: one run, over all its attempts. One thread.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "engine/card_counter.h"
#include "host/command.h"

namespace cw::engine {

class AttemptBudget {
 public:
  struct Target {
    Bytes domain{};       // AID as the card knows it, whatever the script says; empty: the ISD
    uint8_t version = 0;  // that is asked for; 0: the card chooses
    bool operator==(const Target&) const = default;
  };

  /// A handshake that the card answered, and EXTERNAL AUTHENTICATE is still to come.
  struct Stand {
    std::string charge{};
    Target target{};
    std::string holder{};  // as the card answered
    uint8_t version = 0;   // that it answered with
    bool operator==(const Stand&) const = default;
  };

  /// `ledger` outlives this.
  AttemptBudget(BudgetLedger& ledger, const PolicyLimits& policy, const CardCounter& counter)
      : ledger_(ledger), counter_(counter), limits_(authentication_limits(policy, counter)) {}

  /// Who the card is, where the ledger knows several: before the first charge.
  void card_is(std::string identity) { card_ = std::move(identity); }
  const std::string& card() const { return card_; }
  /// The card counts each INITIALIZE UPDATE by itself.
  bool every_attempt() const { return counter_.every_attempt; }
  /// Key sets that were refused before, when another process had the run.
  void refused_before(const std::vector<std::string>& keys) { refused_.insert(keys.begin(), keys.end()); }

  /// Where a run stands that is dropped from memory, and the same where it is taken up.
  std::optional<Stand> stand() const;
  unsigned unfinished() const { return unfinished_; }
  void take_up(const std::optional<Stand>& stand, unsigned unfinished);

  /// A handshake is charged and not settled.
  bool is_charged() const { return open_.has_value(); }
  /// Before INITIALIZE UPDATE, whose answer shows which of `keys` the card has. Raises budget: a key set was refused
  /// before, or what the card may still be asked is used up; store. Each charge is settled, in the end by give_up().
  void charge(const Target& target, const std::vector<std::string>& keys);
  /// Whether another handshake may be charged while EXTERNAL AUTHENTICATE of one that was answered is still to come:
  /// both could fail, and the card would let us try again.
  bool has_room_behind(const Target& target, const std::vector<std::string>& keys) const;
  /// As charge(), behind that one: it is the one that is spoken of as soon as the other is settled.
  void charge_behind(const Target& target, const std::vector<std::string>& keys);
  /// The card refused INITIALIZE UPDATE before it looked at a key: no attempt.
  void not_tried();
  /// What it answered. Raises budget: these are not the data of the card that the charge was for, and whoever has them
  /// has used its attempts up. Then no EXTERNAL AUTHENTICATE may go out.
  void answered(ByteView diversification_data, uint8_t version);
  /// EXTERNAL AUTHENTICATE came back with 9000.
  void verified();
  /// The card has shown that it has the keys, or was not asked, and EXTERNAL AUTHENTICATE was not sent, which costs it
  /// nothing where it counts no INITIALIZE UPDATE: a few of a run are given back, and what comes then counts as lost.
  void not_finished();
  /// A cryptogram did not match, or the card refused EXTERNAL AUTHENTICATE: never again with these keys, on whatever
  /// domain and under whatever version.
  void refused(const std::vector<std::string>& keys);
  /// Whatever else ended the handshakes: an answer was lost, or the host went no further. Nothing, if all are settled.
  void give_up();

  /// A command of an open channel that went well. A domain has keys of its own from PUT KEY on; until then the card
  /// counts its attempts for the parent, and so do we.
  void went_well(const host::Command& command, ByteView domain);

 private:
  struct Open {
    std::string charge{};
    Target target{};
    std::vector<Bytes> domains{};         // it counts for: its own, and the ISD while it may have no keys
    std::vector<std::string> marks{};     // of the card, when it was charged
    std::optional<std::string> holder{};  // once the card has answered
    uint8_t version = 0;                  // that it answered with
  };

  Target counted(const Target& target) const;
  Open begun(const Target& target) const;
  Open charged(const Target& target, const std::vector<std::string>& keys);
  void turn_to_next();
  std::optional<std::string> genuine(const Open& open, const Bytes& domain) const;
  std::vector<BudgetAccount> accounts_of_lost(const Open& open) const;
  void settle(ChargeOutcome outcome, const std::vector<BudgetAccount>& accounts, bool forgives = false);

  BudgetLedger& ledger_;
  CardCounter counter_;
  ChargeLimits limits_;
  std::string card_;
  std::optional<Open> open_;
  std::optional<Open> next_;       // INITIALIZE UPDATE goes out with EXTERNAL AUTHENTICATE of open_
  unsigned unfinished_ = 0;        // handshakes of this run that were given back
  std::set<std::string> refused_;  // key sets
};

}  // namespace cw::engine
