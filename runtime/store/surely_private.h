// Doing again what may be done twice, where the server went away in the middle of a commit and nobody knows whether it
// was done.
#pragma once

#include "base/error.h"

namespace cw::store {

/// Raises store as `work` does: the store stays away, or it is lost at every commit.
template <typename Work>
auto surely(const Work& work) {
  constexpr int kTimes = 5;
  for (int left = kTimes - 1;; --left) {
    try {
      return work();
    } catch (const Error& error) {
      if (left == 0 || error.kind() != ErrorKind::store || error.cause() != "unknown") throw;
    }
  }
}

}  // namespace cw::store
