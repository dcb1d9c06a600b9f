// Keys that a run in a store needs and that its key file has no more: an operator is to hear of it before the run is
// taken up again.
//
// Thread rule: any thread.
#pragma once

#include <string>
#include <vector>

#include "crypto/key_store.h"
#include "store/store.h"

namespace cw::app {

/// A line for each key set that the run needs and the key file it began with has not (any more). None for one that is
/// over, or that began with the built-in test keys. Raises store.
std::vector<std::string> lost_key_lines(store::Store& store, const store::RunRow& run);

/// Raises usage: custody has not what the run needs, says what.
void demand_keys_of(store::Store& store, const std::string& run, const crypto::KeyStore& custody);

}  // namespace cw::app
