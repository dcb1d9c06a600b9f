// What a scenario may ask of a card before it is played: capabilities by name, and whether a card has them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scenario/supply.h"
#include "se/flavor.h"

namespace cw::scenario {

/// In the order of the table in docs/TESTERS.md.
std::vector<std::string> capability_names();

/// Why a card of this flavor out of this supply will not do; empty: it will.
std::optional<std::string> missing(const std::vector<std::string>& capabilities, const Supply& supply,
                                   const se::Flavor& flavor);

}  // namespace cw::scenario
