// How a card counts what goes wrong before it blocks or locks, as far as its flavor says, and what a policy's limits
// come to on such a card.
#pragma once

#include "engine/budget_ledger.h"
#include "engine/policy.h"

namespace cw::engine {

struct CardCounter {
  enum class Scope : uint8_t { key_version, domain, card };
  bool every_attempt = false;  // INITIALIZE UPDATE counts by itself, else an EXTERNAL AUTHENTICATE that fails
  bool set_back = true;        // an authentication that goes well begins the count anew
  Scope scope = Scope::key_version;
  unsigned limit = 0;          // authentications that block; 0: nobody knows, so the lowest that was seen
  unsigned load_failures = 0;  // failed loads in a row that lock the card (GPCS 9.6.7.1); 0: nobody knows
};

/// The counter of a card that nothing is known of (PeculiarVentures/scp: from 10 up).
inline constexpr unsigned kLowestCounter = 10;

/// The policy's, and less where refused and unanswered ones together would come near what blocks the card.
ChargeLimits authentication_limits(const PolicyLimits& policy, const CardCounter& card);
ChargeLimits content_limits(const PolicyLimits& policy, const CardCounter& card);

}  // namespace cw::engine
