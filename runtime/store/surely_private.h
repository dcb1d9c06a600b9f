// Doing again what may be done twice, where the server went away in the middle of a commit and nobody knows whether it
// was done.
#pragma once

#include <optional>

#include "base/error.h"
#include "store/database.h"
#include "store/lease.h"

namespace cw::store {

/// Raises store as `work` does: the store stays away, or it is lost at every commit. What was not known to be done when
/// the store was given up is still not known then.
template <typename Work>
auto surely(const Work& work) {
  constexpr int kTimes = 5;
  const auto until = boot_time() + kServerPatience;  // so long it is tried, from the first time on
  std::optional<Error> unknown;
  for (int left = kTimes - 1;; --left) {
    try {
      return work();
    } catch (const Error& error) {
      if (unknown && error.cause() == "gone") throw Error(*unknown);
      if (left == 0 || error.kind() != ErrorKind::store || error.cause() != "unknown" || boot_time() > until) throw;
      unknown = error;
    }
  }
}

}  // namespace cw::store
