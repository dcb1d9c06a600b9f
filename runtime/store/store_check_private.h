// Reads a whole store, and says what is wrong with it.
//
// Thread rule: any thread.
#pragma once

#include "store/store.h"

namespace cw::store {

Store::Check check_store(Store& store);

}  // namespace cw::store
