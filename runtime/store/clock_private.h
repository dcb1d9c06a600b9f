// The time of day, for what people read and other machines compare.
#pragma once

#include <chrono>
#include <cstdint>

namespace cw::store {

/// Milliseconds since 1970.
inline int64_t time_of_day() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

}  // namespace cw::store
