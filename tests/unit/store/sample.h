// A store with something of each kind in it.
#pragma once

#include <string>

#include "store/store.h"

namespace cw::store {

/// Three records in the audit, a run that is done, one that this process is at, a file, a budget that is used, a
/// result on its way, an open rotation, a policy in use, what is left of a canary and of a proposal, an
/// owner and a card of theirs.
void fill(Store& store);

}  // namespace cw::store
