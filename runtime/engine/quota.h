// How many runs a policy lets begin. What counts them is a store, for all nodes at once.
//
// Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cw::engine {

struct Quota {
  enum class Of : uint8_t { hour, day, at_once };
  std::vector<std::string> flows{};  // patterns of the flows that it counts together
  int64_t runs = 0;
  Of of = Of::day;
  std::string place{};  // "limits.quotas[1]"

  /// "20 runs of acme/* per hour".
  std::string text() const;
};

}  // namespace cw::engine
