// Where charges against a card are kept: in this process, or in a store that all runs, nodes and readers share. Knows
// no rules; AttemptBudget and ContentBudget have them.
//
// Owner: one run.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"

namespace cw::engine {

/// What a card counts by.
struct BudgetAccount {
  std::string card{};    // as card_identity.h gives it; empty where the ledger is not shared
  Bytes domain{};        // AID as the card knows it; empty: the ISD
  std::string holder{};  // who answers for it: diversification data in hex; see attempt_budget.cc
  uint8_t version = 0;   // key version; 0: the card chooses, so it may be any
  bool operator==(const BudgetAccount&) const = default;
};

enum class Charge : uint8_t { authentication, content };  // content: a load or an install

enum class ChargeOutcome : uint8_t {
  refunded,  // went well: counts no more
  refused,   // the cryptogram did not match, or the card said no: counts
  lost,      // no answer came, or the handshake was given up: counts
};

/// Charging ends when as many as this count. One that is open, charged and not settled, may become either.
struct ChargeLimits {
  int64_t refused = 2;
  int64_t lost = 5;
};

struct Spent {
  int64_t refused = 0;
  int64_t lost = 0;  // with those that are open
};

class BudgetLedger {
 public:
  virtual ~BudgetLedger() = default;

  /// Outlives the run and knows other cards: a card has to say who it is.
  virtual bool shared() const = 0;

  /// All of `accounts` or none, durable on return. Gives the charge's name. Raises budget: one of them is at its limit;
  /// store.
  virtual std::string charge(Charge kind, const std::vector<BudgetAccount>& accounts, const ChargeLimits& limits) = 0;
  /// What became of it, and the accounts it counts on from now. `forgives`: what was charged to these accounts earlier
  /// counts no more, but authentications that were refused. Raises store.
  virtual void settle(const std::string& charge, ChargeOutcome outcome, const std::vector<BudgetAccount>& accounts,
                      bool forgives) = 0;
  virtual Spent spent(Charge kind, const BudgetAccount& account) = 0;
  /// Something was not even charged: nothing was sent. `because`: no word of a card or a script is in it. Raises store.
  virtual void refused(Charge /*kind*/, const BudgetAccount& /*account*/, const std::string& /*because*/) {}

  /// Words that are kept about a card until they are taken back. Raises store.
  virtual void mark(const std::string& card, const std::string& word) = 0;
  virtual void unmark(const std::string& card, const std::string& word) = 0;
  virtual std::vector<std::string> marks(const std::string& card) = 0;
};

/// In memory. Shared by nobody but those that hold this object; one thread.
class LocalLedger : public BudgetLedger {
 public:
  /// `shared`: by several runs one after the other, on whatever cards.
  explicit LocalLedger(bool shared = false) : shared_(shared) {}

  bool shared() const override { return shared_; }
  std::string charge(Charge kind, const std::vector<BudgetAccount>& accounts, const ChargeLimits& limits) override;
  void settle(const std::string& charge, ChargeOutcome outcome, const std::vector<BudgetAccount>& accounts,
              bool forgives) override;
  Spent spent(Charge kind, const BudgetAccount& account) override;
  /// Who charged is gone: what is open is lost.
  void lose();
  void mark(const std::string& card, const std::string& word) override;
  void unmark(const std::string& card, const std::string& word) override;
  std::vector<std::string> marks(const std::string& card) override;

 private:
  enum class State : uint8_t { open, refused, lost };
  struct Row {
    size_t number = 0;
    Charge kind = Charge::authentication;
    State state = State::open;
    std::vector<BudgetAccount> accounts{};
  };

  int64_t count(Charge kind, const BudgetAccount& account, State state) const;

  bool shared_;
  size_t charges_ = 0;
  std::vector<Row> rows_{};  // those that count
  std::vector<std::pair<std::string, std::string>> marks_{};
};

}  // namespace cw::engine
