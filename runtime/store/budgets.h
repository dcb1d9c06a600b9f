// What a card may still be asked: authentications that were not verified, and loads and installs that failed. Shared by
// all processes on the store, written before the command goes out and settled after it.
//
// Thread rule: any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace cw::store {

/// What a card counts by.
struct Account {
  std::string card{};    // the card's identity, as engine/card_identity gives it
  std::string domain{};  // AID in hex as the card knows it; empty: the ISD
  int64_t version = 0;   // key version; 0: the card chooses, so it may be any
};

enum class Charge : uint8_t { authentication, content };  // content: a load or an install

enum class Outcome : uint8_t {
  open,      // charged, nothing is known yet: counts as either of the two below, until it is known
  refunded,  // verified, or went well: counts no more
  refused,   // the cryptogram did not match, or the card said no: counts
  lost,      // no answer came: counts
};

/// What counts against a limit now.
struct Spent {
  int64_t refused = 0;
  int64_t lost = 0;  // with those that are open
};

/// Charging ends when as many as this count, open ones with either.
struct BudgetLimits {
  int64_t refused = 2;
  int64_t lost = 5;
};

struct BudgetRow {
  Charge charge = Charge::authentication;
  Account account{};
  Spent spent{};
  int64_t changed = 0;  // milliseconds since 1970
};

class Budgets {
 public:
  virtual ~Budgets() = default;

  /// Charges one attempt, durable on return. `id` is new and unique, so that a commit whose outcome was not known is
  /// not counted twice. All of `accounts` are charged, or none. A run does one thing at a time, so what it left open
  /// before, of the same kind, is lost now. Raises budget: one of them is at its limit (says which, and how an operator
  /// resets it); store.
  virtual void charge(const std::string& id, Charge charge, const std::vector<Account>& accounts,
                      const BudgetLimits& limits, const std::string& run) = 0;
  /// What became of it. `moved`: the accounts it counts on from now, once the card has said who it is; it counts there
  /// even beyond a limit, since it has happened. `forgives`: what was lost before on those accounts, and on those of
  /// the same card and domain that were charged, counts no more, since the card has set its own counter back; of
  /// content, what was refused too. Settling twice is settling once: what is not open any more stays as it is. Raises
  /// store.
  virtual void settle(const std::string& id, Outcome outcome, const std::optional<std::vector<Account>>& moved = {},
                      bool forgives = false) = 0;
  /// The process that went on with this run is gone: what it left open is lost. How many.
  virtual int64_t lose(const std::string& run) = 0;
  /// Runs that have charges open against the card.
  virtual std::vector<std::string> open_runs(const std::string& card) = 0;

  virtual Spent spent(Charge charge, const Account& account) = 0;

  /// Words that are kept about a card until they are taken back: what was seen of it and says where its attempts count.
  /// Raise store.
  virtual void mark(const std::string& card, const std::string& word) = 0;
  virtual void unmark(const std::string& card, const std::string& word) = 0;
  virtual std::vector<std::string> marks(const std::string& card) = 0;

  /// What counts; `card` empty: of all cards.
  virtual std::vector<BudgetRow> list(const std::string& card) = 0;
  /// An operator knows better; `domain`, `version` absent: all of the card. How many charges count no more. One that is
  /// open counts again if it is settled as refused or lost after this. Written to the audit. Raises usage: there is no
  /// reason given.
  virtual int64_t reset(const std::string& card, const std::optional<std::string>& domain,
                        const std::optional<int64_t>& version, const std::string& who, const std::string& reason) = 0;
};

}  // namespace cw::store
