// Where the cards of `cardwright test` come from: one supply per job, as --card names them.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/counted_run.h"
#include "scenario/supply.h"

namespace cw::app {

struct SupplyOptions {
  std::string card = "sim";
  std::optional<std::filesystem::path> keys{};
  unsigned jobs = 1;
  std::vector<std::string> flavors{};  // --flavor: the first is what a card in a reader is
  bool fresh = false;                  // --fresh: cards in readers are as they left the factory
  /// Where what a card in a reader is asked counts, by its reader's name; empty: for each run alone.
  std::function<std::unique_ptr<CountedRun>(const std::string& card)> count{};
};

/// "sim": simulated cards of every flavor; "sim:jcop4": of that one. "vpcd:jcop4@HOST:PORT": the same, each job's in a
/// virtual reader, the first at PORT. "pcsc:PART": the card in that reader; "pcsc:*", "pcsc:ACS*": one job per reader.
/// "recorded:FILE": a recording. Raises usage: another kind of card, an unknown flavor, no such reader. Raises reader:
/// no pcscd, no vpcd.
std::vector<std::unique_ptr<scenario::Supply>> open_supplies(const SupplyOptions& options);

}  // namespace cw::app
