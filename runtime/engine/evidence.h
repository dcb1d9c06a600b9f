// What is kept of a run beside what crosses Outside: what the gate refused, proof of what travelled below the canonical
// commands, and all that a channel needs, beside its keys, to be taken up again by another process. No key in it, and
// no plain byte of a secret.
//
// Owner: one run's journal. One thread.
#pragma once

#include <compare>
#include <string>
#include <vector>

#include "engine/order.h"
#include "engine/session_stand.h"
#include "gp/channel.h"
#include "host/outside.h"

namespace cw::engine {

/// What a channel came from, beside the keys in custody.
struct ChannelMaterial {
  host::ChannelId channel = 0;
  host::OpenChannel asked{};  // of two key sets, the one that the card has
  uint8_t version = 0;        // key version that was asked for
  Bytes host_challenge{};     // 8 or 16 bytes
  Bytes answer{};             // to INITIALIZE UPDATE, without status word
};

/// What the gate said no to. Nothing that a script may write as it likes is in it, but an AID.
struct Refusal {
  std::string what{};  // "DELETE", "opening a secure channel"
  std::string aid{};   // in hex: what the command acts on; empty: nothing, or it cannot be seen
  std::string flow{};
  std::string policy{};   // its name
  std::string because{};  // the rule, with the reason that the policy gives: "rules[2]: the ISD stays"
  auto operator<=>(const Refusal&) const = default;
};

/// An order that is about to go to a card far away.
struct OrderMade {
  Bytes bytes{};  // as it travels
  size_t items = 0;
  Bytes host_challenge{};               // of the INITIALIZE UPDATE in it; empty: there is none
  const SessionStand* stand = nullptr;  // before the request; null: it is not the request's first order
  bool again = false;                   // as it was made before, in a process that is gone
  const Report* after = nullptr;        // what came back for the order before it, of the same request
};

class Evidence {
 public:
  virtual ~Evidence() = default;

  /// The gate said no, and nothing was sent. Not told again of an attempt that is built again. Raises store.
  virtual void refused(const Refusal& /*refusal*/) {}

  /// With what it takes to make it again; before_sending() follows. Raises reader: it was to be made again, and is
  /// another one.
  virtual void ordered(const OrderMade& /*order*/) {}
  /// Right before bytes go to the card. Raises store: none may go any more.
  virtual void before_sending() {}
  /// A command as it travelled (several APDUs one after the other where it was cut) and what came back, with status
  /// word; no bytes: no answer.
  virtual void travelled(ByteView /*command*/, ByteView /*answer*/) {}
  /// Who the card says it is; after each reset, where budgets ask it.
  virtual void card_is(const std::string& /*identity*/) {}
  /// The card has none of these key sets, or another than it was shown: no more attempt is to be spent on them.
  virtual void keys_refused(const std::vector<std::string>& /*sets*/) {}
  /// A single key of custody is about to sign a message, or to check what somebody signed. Raises store: it must not.
  virtual void key_used(const std::string& /*key*/) {}
  /// A KEK of custody was used on them: they may be used now, or `why` they are none. Not told again of an attempt that
  /// is built again. Raises store.
  virtual void keys_unwrapped(const host::WrappedKeys& /*keys*/, const Error* /*why*/) {}
  virtual void channel_opened(const ChannelMaterial& /*material*/) {}
  /// Where the channel stands after a command and its answer.
  virtual void channel_moved(host::ChannelId /*channel*/, const gp::Channel::Mark& /*mark*/) {}
};

}  // namespace cw::engine
