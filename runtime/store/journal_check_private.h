// Runs and their journals, held against what the audit says of them.
//
// Thread rule: any thread.
#pragma once

#include "store/store.h"

namespace cw::store {

/// As of one moment, while others go on. Raises store: the audit or the runs cannot be read at all.
Store::JournalCheck check_journals(Store& store);

}  // namespace cw::store
