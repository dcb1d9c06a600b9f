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
  std::vector<std::string> flavors{};  // --flavor: the first is what a card in a reader is
  bool fresh = false;                  // --fresh: cards in readers are as they left the factory
};

/// "sim": simulated cards of every flavor; "sim:jcop4": of that one. "vpcd:jcop4@HOST:PORT": the same, each job's in a
/// virtual reader, the first at PORT. "pcsc:PART": the card in that reader; "pcsc:*", "pcsc:ACS*": one job per reader.
/// Raises usage: another kind of card, an unknown flavor, no such reader. Raises reader: no pcscd, no vpcd.
std::vector<std::unique_ptr<scenario::Supply>> open_supplies(const SupplyOptions& options);

}  // namespace cw::app
