// The table of flavors.
#pragma once

#include "se/flavor.h"

namespace cw::se {

/// Made once, never changed.
const std::vector<Flavor>& all_flavors();

}  // namespace cw::se
