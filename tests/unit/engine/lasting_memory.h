// What of a simulated card's memory a flow is judged by.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "se/card.h"

namespace cw::engine {

/// Registry, keys, code, personal data. How often a channel was opened may differ.
inline std::string lasting_memory(const se::Card& card) {
  nlohmann::json all = nlohmann::json::parse(card.save());
  all.erase("random_state");
  for (nlohmann::json& application : all["applications"]) {
    if (application.contains("sd")) application["sd"].erase("counters");
  }
  return all.dump(1);
}

}  // namespace cw::engine
