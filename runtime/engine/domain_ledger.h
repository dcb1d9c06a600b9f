// Where a run's domains are kept: in the store behind its journal, or for a run without one in memory, until it ends.
//
// Owner: the run, or a prompt. One thread.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <vector>

#include "host/outside.h"

namespace cw::engine {

/// As host::Outside::domains().
using KeepDomains = std::function<std::vector<host::DomainRecord>(const std::optional<host::DomainRecord>& put)>;

inline constexpr size_t kMostDomains = 64;  // of one card

/// Raises usage: more than a card's worth.
inline void check_domain_count(size_t count) {
  if (count < kMostDomains) return;
  throw Error(ErrorKind::usage, "keeping a domain: this card has 64 of them kept already, more than a card has");
}

class RunDomains {
 public:
  std::vector<host::DomainRecord> operator()(const std::optional<host::DomainRecord>& put) {
    if (!put || put->ahead) return kept_;
    const auto at = std::find_if(kept_.begin(), kept_.end(), [&](const auto& one) { return one.aid >= put->aid; });
    if (at != kept_.end() && at->aid == put->aid) {
      *at = *put;
    } else {
      check_domain_count(kept_.size());
      kept_.insert(at, *put);
    }
    return kept_;
  }

 private:
  std::vector<host::DomainRecord> kept_{};
};

}  // namespace cw::engine
