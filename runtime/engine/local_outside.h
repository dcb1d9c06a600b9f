// Outside for a card, on a reader of this process or far away: asks the gate, then carries out. The one place where a
// request meets the gate, so that no second way in has to be kept in step.
//
// Owner: one attempt, or one prompt. One thread.
#pragma once

#include <functional>
#include <optional>

#include "engine/card_session.h"
#include "engine/domain_ledger.h"
#include "engine/gate.h"
#include "engine/run_outside.h"

namespace cw::engine {

/// The network, behind the gate: what http.request becomes. Raises http.
using HttpTransport = std::function<host::HttpReply(const host::HttpCall&)>;

/// What takes over a result that is to reach a backend. Raises store, http: it does not.
using Outgoing = std::function<void(const host::Deliver&)>;

/// Inputs that are not the card's: replaced where a run is to be repeated.
struct Inputs {
  std::function<int64_t()> now{};               // milliseconds since 1970
  std::function<Bytes(size_t count)> random{};  // what scripts see, never keys
  static Inputs real();
  /// The same in every process: a clock that starts at 2026-01-01 and goes on a millisecond per question, and random
  /// numbers from the seed.
  static Inputs repeatable(uint64_t seed);
};

/// The stage of a scenario: what becomes of its directions. Raises what the script is to see.
using Director = std::function<host::DirectionDone(const host::Direction&)>;

/// Raises usage: there is no stage.
void admit_direction(const Director& director);

class LocalOutside : public RunOutside {
 public:
  struct Setup {
    card::Reader* reader;  // null: the card is far away
    std::optional<Relay> relay;
    std::string expected_card;  // of a card far away; empty: any
    Gate& gate;
    Custody& custody;
    CardBudgets& budgets;
    Observer& observer;
    CardTraits traits{};
    const Inputs& inputs;
    const HttpTransport& http;  // may be empty: no network
    const Outgoing& outgoing;
    const KeepDomains& domains;
    const Director& director;  // empty: no stage
    Evidence& evidence;
    KeyWatch& key_watch;
  };
  /// All that it refers to must outlive this.
  explicit LocalOutside(const Setup& setup);

  /// Raises reader: also where the card is far away, and is asked with a request instead.
  Bytes reset() override;
  /// Instead of reset(): as CardSession::go_on().
  void go_on(const CardState& state, const std::vector<ChannelPast>& channels, bool same_process) {
    session_.go_on(state, channels, same_process);
  }
  /// As CardSession::resume().
  void resume(const OutPast& out) { session_.resume(out); }

  /// Raises policy, budget: the gate said no, and nothing waits.
  void submit(host::Request request) override;
  int64_t now() override { return setup_.inputs.now(); }
  Bytes random(size_t count) override { return setup_.inputs.random(count); }
  host::KeyInfo key_info(const std::string& set) override;
  bool verifies(const std::string& key, ByteView message, ByteView signature) override;
  Bytes sign(const std::string& key, ByteView message) override;
  std::vector<host::DomainRecord> domains(const std::optional<host::DomainRecord>& put) override {
    return setup_.domains(put);
  }
  host::KeyInfo unwrap(const host::WrappedKeys& keys) override;
  void note(host::Note note) override { setup_.observer.noted(note); }

  const host::Request& request() const override { return *request_; }
  const Order* order() override;
  void answered(const Report& report) override;
  host::Reply carry_out() override;
  void check_end() override { session_.finish(); }

 private:
  /// Asks the gate, and tells the evidence if it said no. Raises what it raises.
  template <class Ask>
  void admit(const Ask& ask);

  Setup setup_;
  CardSession session_;
  std::optional<host::Request> request_;
  // Of a card far away.
  bool begun_ = false;
  std::optional<Error> failed_{};
};

}  // namespace cw::engine
