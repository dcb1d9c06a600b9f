// Forgetting: what is over for long enough leaves the store, and the audit says what that was. Each run has a record of
// its own there, so that a journal which is gone for another reason is found.
//
// Thread rule: any thread.
#pragma once

#include <cstdint>
#include <string>

#include "store/store.h"

namespace cw::store {

/// How many of each.
struct Forgettable {
  int64_t runs = 0;       // that are over, with frames and keys; none whose results are still on their way
  int64_t parcels = 0;    // delivered, of runs that are over or gone
  int64_t charges = 0;    // that count nowhere any more, and are not open
  int64_t rotations = 0;  // decided ones
};

struct Forgotten {
  Forgettable what{};
  bool off_disk = true;  // false: somebody reads what was before, so the store's log keeps it until later
};

/// What was over before `before` (milliseconds since 1970). Raises store.
Forgettable forgettable(Store& store, int64_t before);
/// Deletes it, with files that no run names any more, each part in one transaction with its record in the audit.
/// `who`, and how old it was to be ("90d"): for that. Raises store: what is gone by then is gone, and the audit has it.
Forgotten forget(Store& store, int64_t before, const std::string& who, const std::string& age);

}  // namespace cw::store
