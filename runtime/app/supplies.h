// Where the cards of `cardwright test` come from: one supply per job, as --card names them.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scenario/supply.h"

namespace cw::app {

struct SupplyOptions {
  std::string card = "sim";
  std::optional<std::filesystem::path> keys{};
  unsigned jobs = 1;
};

/// "sim": simulated cards of every flavor; "sim:jcop4": of that one. Raises usage: another kind of card, an unknown
/// flavor.
std::vector<std::unique_ptr<scenario::Supply>> open_supplies(const SupplyOptions& options);

}  // namespace cw::app
