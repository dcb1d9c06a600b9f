// Fisher's exact test: whether one of two groups fails more often than the other, or only seems to.
//
// Plain functions; safe from any thread.
#pragma once

#include <cstdint>

namespace cw {

/// What came of the members of a group.
struct Outcomes {
  int64_t good = 0;
  int64_t bad = 0;

  int64_t all() const { return good + bad; }
  bool operator==(const Outcomes&) const = default;
};

/// One-sided: the probability that so many of the bad ones, or more, are in `group` by chance alone. 1 where a group
/// has no members.
double fisher_worse(const Outcomes& group, const Outcomes& others);

}  // namespace cw
