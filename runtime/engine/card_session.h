// One card in one attempt: carries out what crosses host::Outside for the card, over a reader. Secure channels live
// here, below the canonical commands; nothing above ever sees a wrapped byte.
//
// Owner: one attempt. One thread.
#pragma once

#include <map>
#include <memory>

#include "card/reader.h"
#include "card/transport.h"
#include "engine/card_budgets.h"
#include "engine/card_state.h"
#include "engine/custody.h"
#include "engine/evidence.h"
#include "engine/gate.h"
#include "engine/key_watch.h"
#include "engine/observer.h"
#include "engine/past.h"
#include "gp/channel.h"
#include "host/outside.h"

namespace cw::engine {

struct CardTraits {
  bool extended_length = false;
  bool encrypt_empty_data = false;  // SCP03 deviation of a vendor
};

/// What travels of a wrapped command: one APDU, or several where it is too long for the short form and the card does
/// not take the extended one.
std::vector<card::Apdu> travelling(const card::Apdu& wrapped, bool extended_length);

class CardSession {
 public:
  /// All of them outlive this.
  CardSession(card::Reader& reader, const Custody& custody, Gate& gate, CardBudgets& budgets, Observer& observer,
              Evidence& evidence, KeyWatch& key_watch, CardTraits traits)
      : reader_(reader),
        custody_(custody),
        gate_(gate),
        budgets_(budgets),
        observer_(observer),
        evidence_(evidence),
        key_watch_(key_watch),
        traits_(traits) {}

  /// Raises as the request can fail: reader, card, channel, budget.
  host::ResetDone perform(const host::Reset& request);
  host::Answers perform(const host::Exchange& request);
  host::ChannelOpened perform(const host::OpenChannel& request);
  host::ChannelClosed perform(const host::CloseChannel& request);

  /// Goes on with a card that was not reset since: what is selected on it, and its open channels with keys from
  /// custody. Raises channel, usage: a channel's keys are not what they were.
  void go_on(const CardState& state, const std::vector<ChannelPast>& channels, bool same_process);

  /// Somebody else spoke to the card: what is known of its session is gone.
  void forget();

  /// What the gate is to know of an open channel; empty if it is not open.
  std::optional<ChannelFacts> channel(host::ChannelId id) const;

 private:
  struct Open {
    std::unique_ptr<gp::Channel> channel{};
    Bytes domain{};
    uint8_t logical_channel = 0;
    KeyWatch::Keys keys{};  // that opened it
    Bytes diversification_data{};
    bool from_before = false;  // another process opened it, and no answer has shown yet that the card has it still
  };

  KeyWatch::Place place_of(const Open& open) const;
  void refuse_same_keys(const host::Command& put_key, const std::string& set, const Open& open) const;
  /// Tells of every PUT KEY in the plan, before its first command goes out. Raises what forbids it.
  void announce_keys(const host::Exchange& request, const Open& open);
  host::Answer send(const host::Command& command, Open* open, uint8_t logical_channel);
  /// The authentication was charged; whoever calls settles it if this did not.
  host::ChannelOpened shake_hands(const host::OpenChannel& request, uint8_t version, const Bytes& domain);
  /// Gives the ATR of the last reset.
  Bytes identify(Bytes atr);
  /// What an answer in a channel means for the budgets.
  void settle(const host::Command& command, const host::Answer& answer, ByteView domain);
  /// What travels of one command, and its last answer. `wrapped`: by a secure channel.
  card::Response transmit(const std::vector<card::Apdu>& pieces, bool wrapped);
  void close_on(uint8_t logical_channel);

  card::Reader& reader_;
  const Custody& custody_;
  Gate& gate_;
  CardBudgets& budgets_;
  Observer& observer_;
  Evidence& evidence_;
  KeyWatch& key_watch_;
  CardTraits traits_;
  std::map<host::ChannelId, Open> channels_;
  Selection selected_{};
  host::ChannelId next_id_ = 1;
};

}  // namespace cw::engine
