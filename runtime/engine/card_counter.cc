#include "engine/card_counter.h"

#include <algorithm>

namespace cw::engine {

namespace {

/// Both together stay under `blocks`, and each is at least one: with a card that blocks at the first failure nobody
/// could work at all.
ChargeLimits within(int64_t refused, int64_t lost, int64_t blocks) {
  ChargeLimits out;
  out.refused = std::clamp<int64_t>((blocks - 1) / 2, 1, refused);
  out.lost = std::clamp<int64_t>(blocks - 1 - out.refused, 1, lost);
  return out;
}

}  // namespace

ChargeLimits authentication_limits(const PolicyLimits& policy, const CardCounter& card) {
  return within(policy.auth_attempts, policy.auth_lost, card.limit == 0 ? kLowestCounter : card.limit);
}

ChargeLimits content_limits(const PolicyLimits& policy, const CardCounter& card) {
  // A load that was cut off counts on no card that says how it counts; it weighs half.
  const int64_t lost = 2 * policy.failed_loads;
  if (card.load_failures == 0) return {policy.failed_loads, lost};
  return within(policy.failed_loads, lost, card.load_failures);
}

}  // namespace cw::engine
