// Running published test vectors (tests/vectors/README.md says what a case is) through the public functions that the
// runtime itself uses.
#pragma once

#include <functional>
#include <map>
#include <string>

#include <nlohmann/json.hpp>

namespace cw::app {

/// Empty `expected` and `actual` mean that the case passed. Secrets are compared inside crypto/ and shown as KCVs.
struct CaseResult {
  bool passed = true;
  std::string expected{};
  std::string actual{};
};

using CaseRunner = std::function<CaseResult(const nlohmann::json& test_case)>;

/// Kind of case -> runner. Secure channels, keys, MACs, tokens.
std::map<std::string, CaseRunner> channel_case_runners();
/// Data objects, commands, CAP files.
std::map<std::string, CaseRunner> data_case_runners();

}  // namespace cw::app
