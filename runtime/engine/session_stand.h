// Where the session with a card far away stands when a request begins: what of it does not follow from what the script
// was told. No key is in it.
//
// Plain values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/attempt_budget.h"
#include "engine/selection.h"

namespace cw::engine {

struct SessionStand {
  std::vector<host::ChannelId> channels{};  // that are open
  Selection selected{};
  Bytes by_itself{};                               // AID of what the device's card selects by itself
  host::ChannelId next = 1;                        // id of the channel that is opened next
  bool owes_identity = false;                      // who the card is, is asked along with the next order
  std::optional<host::ChannelId> authenticates{};  // the channel whose EXTERNAL AUTHENTICATE is still to be sent
  std::optional<uint8_t> relayed{};  // the logical channel where a backend's INITIALIZE UPDATE was answered
  std::optional<AttemptBudget::Stand> attempt{};  // and what its handshake was charged with
  unsigned unfinished = 0;                        // handshakes that were given back
  std::vector<std::string> loads{};               // charges of loads that are not at their end
};

}  // namespace cw::engine
