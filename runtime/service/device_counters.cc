#include "service/device_counters.h"

#include <algorithm>

namespace cw::service {

void AnswerTimes::add(std::chrono::microseconds took) {
  const uint64_t time = static_cast<uint64_t>(std::max<int64_t>(took.count(), 0));
  const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), time);
  ++counts_[static_cast<size_t>(bound - kBounds.begin())];
  sum_ += time;
}

uint64_t AnswerTimes::up_to(size_t place) const {
  uint64_t out = 0;
  for (size_t i = 0; i <= place; ++i) out += counts_[i];
  return out;
}

}  // namespace cw::service
