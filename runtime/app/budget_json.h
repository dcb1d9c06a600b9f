// What counts against a card, as text and as JSON.
//
// Plain functions.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "store/budgets.h"

namespace cw::app {

/// How the ISD is called where an AID stands.
inline constexpr const char* kIsd = "isd";

/// Counted for a domain, or within it for the card that answered with these diversification data.
std::string domain_text(const std::string& domain);
std::string version_text(int64_t version);
std::string charge_text(store::Charge charge);

nlohmann::ordered_json json_of(const store::BudgetRow& row);

}  // namespace cw::app
