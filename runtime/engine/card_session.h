// One card in one attempt: what crosses host::Outside for the card becomes orders, and their reports become replies.
// Secure channels live here, below the canonical commands; nothing above ever sees a wrapped byte.
//
// A request is begun; then there is an order, whose report is handed in, until there is none: then its reply is there.
// Over a reader of this process, an order is one command, and perform() does it all. Over a device far away it is as
// much of a plan as may travel at once.
//
// Owner: one attempt. One thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "card/reader.h"
#include "card/transport.h"
#include "engine/card_budgets.h"
#include "engine/card_state.h"
#include "engine/custody.h"
#include "engine/evidence.h"
#include "engine/gate.h"
#include "engine/key_watch.h"
#include "engine/observer.h"
#include "engine/order.h"
#include "engine/past.h"
#include "engine/selection.h"
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
  /// All of them outlive this. `reader`: null for a card far away.
  struct Setup {
    card::Reader* reader = nullptr;
    std::optional<Relay> relay{};  // of a card far away
    const Custody& custody;
    Gate& gate;
    CardBudgets& budgets;
    Observer& observer;
    Evidence& evidence;
    KeyWatch& key_watch;
    CardTraits traits{};
  };
  explicit CardSession(const Setup& setup) : setup_(setup) {}

  /// Begins with a request for the card, which outlives what is done for it. Raises as it can fail before anything is
  /// sent: usage, channel, budget, store.
  void begin(const host::Request& request);
  /// What the card is to be asked now; null: the reply is there.
  const Order* order() const { return order_ ? &*order_ : nullptr; }
  /// What came back for it. Raises as the request can fail: reader, card, channel, budget, store; it is over then.
  void answered(const Report& report);
  /// Once, when there is no order.
  host::Reply take_reply() { return std::move(*reply_); }

  /// All of it, over the reader. Raises as begin() and answered().
  host::Reply perform(const host::Request& request);

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
  /// Who the card is, asked of a device.
  struct Asking {
    std::vector<card::Apdu> questions{};
    std::vector<card::Response> answers{};
  };
  /// A plan under way.
  struct Exchanging {
    const host::Exchange* request = nullptr;
    Bytes domain{};                          // of its channel: a SELECT ends that
    host::Answers out{};                     // those of orders before, and of this one as they are read
    std::vector<gp::Channel::Mark> marks{};  // of the order, after each of its commands
  };
  /// A handshake under way.
  struct Opening {
    host::OpenChannel request{};
    uint8_t version = 0;
    Bytes domain{};
    Bytes host_challenge{};
    card::Apdu sent{};
    Bytes update_answer{};
    Open open{};  // with a channel once the card has answered INITIALIZE UPDATE
    host::ChannelOpened opened{};
    std::chrono::nanoseconds took{};  // of the last of its orders
    std::chrono::nanoseconds in_all{};
  };

  KeyWatch::Place place_of(const Open& open) const;
  void refuse_same_keys(const host::Command& put_key, const std::string& set, const Open& open) const;
  /// Tells of every PUT KEY in the plan, before its first command goes out. Raises what forbids it.
  void announce_keys(const host::Exchange& request, const Open& open);
  /// What an answer in a channel means for the budgets.
  void settle(const host::Command& command, const host::Answer& answer, ByteView domain);
  void close_on(uint8_t logical_channel);
  /// Null if the plan is plain. Raises channel: it is not open.
  Open* channel_of(const host::Exchange& request);

  // Each begins a request, or takes a report of its.
  void begin_reset();
  void ask_rest();
  void identity_answered(const Report& report);
  void begin_exchange(const host::Exchange& request);
  void next_order();
  Order::Item item_of(const host::Command& command, Open* open);
  void exchange_answered(const Report& report);
  /// Whether the plan stops there.
  bool take_answer(const host::Command& command, const Order::Item& item, size_t place, const Report& report);
  void begin_open(const host::OpenChannel& request);
  void update_answered(const card::Response& answer);
  void authenticate_answered(const card::Response& answer);

  /// The order's one item was not answered: raises.
  void require_answer(const Report& report);
  void send_one(const card::Apdu& apdu, bool wrapped);
  void travelled(const Order::Item& item, const card::Response& answer);
  /// Who the card is, by what it answered. `atr`: where it does not tell.
  void learn_identity(const std::optional<std::string>& told, ByteView atr);
  /// Gives the ATR of the last reset. Over a reader.
  Bytes identify(Bytes atr);
  /// One order over the reader.
  Report carry_out(const Order& order);

  Setup setup_;
  std::map<host::ChannelId, Open> channels_;
  Selection selected_{};
  host::ChannelId next_id_ = 1;
  std::variant<std::monostate, Asking, Exchanging, Opening> doing_{};
  std::optional<Order> order_{};
  std::optional<host::Reply> reply_{};
};

}  // namespace cw::engine
