// One card in one attempt: what crosses host::Outside for the card becomes orders, and their reports become replies.
// Secure channels live here, below the canonical commands; nothing above ever sees a wrapped byte.
//
// A request is begun; then there is an order, whose report is handed in, until there is none: then its reply is there.
// Over a reader of this process, an order is one command, and perform() does it all. Over a device far away it is as
// much as may travel at once. There, a channel counts as open when the card has proved that it has the keys, and
// EXTERNAL AUTHENTICATE travels ahead of the first command in it.
//
// Owner: one attempt. One thread.
#pragma once

#include <deque>
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

/// Whether a channel that nothing was sent in yet ends before anything is: then nobody needs it to be let in.
bool ends_unused(const host::Request& next, host::ChannelId channel, uint8_t logical_channel);

/// What INITIALIZE UPDATE is refused with before the card has looked at a key: no such key version, another length of
/// the challenge, no such command, class or channel.
bool refused_before_keys(uint16_t sw);

class CardSession {
 public:
  /// All of them outlive this. `reader`: null for a card far away.
  struct Setup {
    card::Reader* reader = nullptr;
    std::optional<Relay> relay{};  // of a card far away
    std::string expected_card{};   // identity that it is to have, so that it is asked along with something else
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
  /// After that: the next request is one whose order is out. It is made again, and is the same to the byte, or the
  /// request fails. Raises reader: a channel is not there that was.
  void resume(const OutPast& out);

  /// Somebody else spoke to the card: what is known of its session is gone.
  void forget();
  /// Nothing more will be asked.
  void finish();

  /// What the gate is to know of an open channel; empty if it is not open.
  std::optional<ChannelFacts> channel(host::ChannelId id) const;

 private:
  struct Open {
    std::unique_ptr<gp::Channel> channel{};
    Bytes domain{};
    uint8_t logical_channel = 0;
    KeyWatch::Keys keys{};  // that opened it
    Bytes diversification_data{};
    bool from_before = false;   // another process opened it, and no answer has shown yet that the card has it still
    card::Apdu authenticate{};  // EXTERNAL AUTHENTICATE, as it travels
  };
  /// Who the card is, asked of a device.
  struct Asking {
    std::vector<card::Apdu> questions{};
    std::vector<card::Response> answers{};
  };
  /// INITIALIZE UPDATE, sent or about to be.
  struct Handshake {
    uint8_t version = 0;
    Bytes domain{};  // that is charged for it
    Bytes host_challenge{};
    card::Apdu sent{};
    Bytes answer{};
    host::ChannelOpened opened{};
    std::chrono::nanoseconds took{};
  };
  /// Plans, and a handshake after them.
  struct Doing {
    std::vector<const host::Exchange*> plans{};
    const host::OpenChannel* open = nullptr;
    // The first command that has no answer.
    size_t plan = 0;
    size_t at = 0;
    std::vector<host::Answers> out{};  // of each plan
    bool stopped = false;              // the card refused a command: nothing is sent that would come after it
    std::optional<Handshake> handshake{};

    void skip_ends();
    bool all_answered() const { return plan == plans.size(); }
  };
  /// What an item of the order is.
  struct Piece {
    enum class What : uint8_t { identity, authenticate, command, update };
    What what = What::command;
    size_t plan = 0;
    size_t at = 0;
    gp::Channel::Mark mark{};    // of its channel, after it
    gp::Channel::Mark before{};  // and before it
  };

  void start(const host::Request& request);
  SessionStand stand() const;
  /// The order is made: nothing goes out that is not written down. Raises store, reader.
  void goes_out();
  /// Raises what ends the attempt, where that is what a request that is made again failed with.
  [[noreturn]] static void not_made_again(const Error& error);
  void selection_lost();
  KeyWatch::Place place_of(const Open& open) const;
  void refuse_same_keys(const host::Command& put_key, const std::string& set, const Open& open) const;
  /// Tells of every PUT KEY in the plan, before its first command goes out. Raises what forbids it.
  void announce_keys(const host::Exchange& request, const Open& open);
  /// What an answer in a channel means for the budgets.
  void settle(const host::Command& command, const host::Answer& answer, ByteView domain);
  void close_on(uint8_t logical_channel);
  /// Null if the plan is plain. Raises channel: it is not open.
  Open* channel_of(const host::Exchange& request);
  /// Whether EXTERNAL AUTHENTICATE may wait for the first command, and INITIALIZE UPDATE follow a SELECT unseen.
  bool defers() const { return setup_.relay && !setup_.budgets.attempts.every_attempt(); }

  // Reset: who the card is.
  void begin_reset();
  /// Questions who the card is, beginning with a SELECT.
  static std::vector<card::Apdu> asked_to(const std::string& expected);
  void owe_identity();
  void ask_rest();
  void identity_answered(const Report& report);
  /// What the card told, if these questions were answered so.
  std::optional<std::string> identity_in(const Asking& asked) const;
  /// Raises usage, now and whatever is asked later: it is another card than the run is for.
  void check_expected(const Asking& asked);
  void check_owed();
  /// What the first of the questions, an empty SELECT, found.
  void note_default(const Asking& asked);

  // Plans and handshakes: begun, made into orders, answered.
  void begin_plans(Doing begun);
  void next_order();
  void fill_order();
  void not_sent();
  bool joins(const host::Exchange& request, const host::Command& command) const;
  void add_identity();
  void add_authenticate();
  void add_command(const host::Exchange& request, const host::Command& command, size_t plan, size_t at);
  void add_update();
  /// What is selected when the order, as far as it is made, was carried out; nothing: it is not known.
  std::optional<Bytes> selected_then(uint8_t logical_channel) const;
  /// Commands that a backend wrapped are to go out: no channel of ours outlives that.
  void give_way(const host::Exchange& relayed);
  /// A handshake of a backend was begun on this logical channel, and a command comes that ends it: it counts as lost.
  void end_relayed(const host::Command& command);
  /// A handshake of a backend, whose cryptograms only the card and it can check, is counted like one of ours.
  void charge_relayed(const host::Exchange& request, const host::Command& command);
  void settle_relayed(const host::Exchange& request, const host::Command& command, const host::Answer& answer);
  Order::Item item_of(const host::Command& command, Open* open);
  void order_answered(const Report& report);
  void take_answer(const Piece& piece, const card::Response& came, const Report& report);
  void update_answered(const card::Response& answer, std::chrono::nanoseconds took);
  void open_channel(const gp::InitializeUpdateAnswer& parsed);
  void authenticate_answered(const card::Response& answer, std::chrono::nanoseconds took);
  void channel_is_open(host::ChannelId id);
  void never_sent(const std::vector<Piece>& pieces, size_t first);
  /// Nothing is known any more of what the order's items were to do.
  void lost(const std::vector<Piece>& pieces);
  void conclude();
  /// The reply of a handshake that failed after all that was to go ahead of it was answered; false: it is none.
  bool is_refusal(const Error& error);

  void travelled(const Order::Item& item, const card::Response& answer);
  /// Who the card is, by what it answered. `atr`: where it does not tell.
  void learn_identity(const std::optional<std::string>& told, ByteView atr);
  /// Gives the ATR of the last reset. Over a reader.
  Bytes identify(Bytes atr);
  /// One order over the reader.
  Report carry_out(const Order& order);

  Setup setup_;
  const host::Request* asked_ = nullptr;
  std::map<host::ChannelId, Open> channels_;
  Selection selected_{};
  Bytes default_{};  // AID of what a device's card selects by itself
  host::ChannelId next_id_ = 1;
  std::optional<Asking> owed_{};       // who the card is, asked along with the next order
  std::optional<Error> other_card_{};  // than was expected: nothing more is asked of it
  std::optional<uint8_t> relayed_{};   // the logical channel where INITIALIZE UPDATE of a backend was answered
  std::optional<host::ChannelId> unauthenticated_{};  // the channel whose EXTERNAL AUTHENTICATE was not answered yet
  std::variant<std::monostate, Asking, Doing> doing_{};
  std::optional<Order> order_{};
  std::vector<Piece> pieces_{};            // of the order
  std::vector<host::Command> together_{};  // the plain commands of the order
  std::optional<host::Reply> reply_{};
  // Of a card far away, for whoever takes the run up.
  std::optional<SessionStand> stand_{};  // before the request, until its first order is made
  const Report* came_{};                 // for the order before, of the same request
  std::deque<OrderPast> again_{};        // orders of the request that are to be made again
  std::optional<Report> told_{};         // what came for the one that was just made again
};

}  // namespace cw::engine
