// What has to be done for a domain to be again what it was: as data, for people and for programs.
//
// Plain function.
#pragma once

#include <nlohmann/json.hpp>

#include "store/domains.h"

namespace cw::service {

/// A list of runs, in order, each {"flow", "arguments", "because"}; empty: nothing is to be done, or nothing can be.
/// Arguments that we cannot know (the tenantId, the keys of a card that is new) are not in it.
nlohmann::ordered_json repair_of(const store::Domain& domain);

}  // namespace cw::service
