// Orders for a card far away, as a journal's frames have them: what it takes to make one again, and what came back for
// one that another order of the same request followed (docs/JOURNAL.md). No key is in it.
//
// Plain values.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/evidence.h"
#include "engine/past.h"

namespace cw::journal {

/// An order that went out.
struct OrderLine {
  Bytes mac{};  // of its bytes, under a key derived from the run's
  engine::OrderPast past{};
  std::vector<std::string> charges{};  // that were made for it
};

nlohmann::json to_json(const engine::OrderMade& order, ByteView mac, const std::vector<std::string>& charges);
nlohmann::json to_json(const engine::Report& report);

/// Raise nlohmann::json::exception: it is none.
OrderLine order_of(const nlohmann::json& object);
engine::SessionStand stand_of(const nlohmann::json& object);
engine::Report report_of(const nlohmann::json& object);

}  // namespace cw::journal
