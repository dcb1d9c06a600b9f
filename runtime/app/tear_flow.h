// `cardwright test --tear all FLOW`: the matrix of a flow torn at every command, on each flavor.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/exit_status.h"
#include "app/supplies.h"
#include "app/test_reports.h"

namespace cw::app {

struct TearFlow {
  std::string which{};  // "all"
  std::vector<std::string> flows{};
  std::vector<std::string> settings{};
  SupplyOptions supply{};
  std::vector<std::string> flavors{};
  std::optional<std::filesystem::path> policy{};
  std::optional<std::filesystem::path> card_state{};
  uint64_t seed = 1;
  TestReports::Options reports{};
};

/// Raises usage: no flow, or arguments that it does not take; a card that is not simulated.
ExitStatus tear_flow(const TearFlow& options);

}  // namespace cw::app
