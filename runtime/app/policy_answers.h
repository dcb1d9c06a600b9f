// What can be said of policies without a store: how two differ, what one makes of a command. As JSON, for a program and
// for who prints it.
//
// Plain functions.
#pragma once

#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "engine/policy.h"

namespace cw::app {

nlohmann::ordered_json diff_answer(const engine::Policy& before, const engine::Policy& after);

/// A command that nobody sent, and what would be around it.
struct CommandCase {
  std::string command{};  // hex
  std::string flow{};
  std::string level = "mac+enc+rmac+renc";
  std::string scp = "03";
  std::string domain = "isd";
};
/// Raises usage: no command, level, protocol or AID.
nlohmann::ordered_json explain_answer(const std::shared_ptr<const engine::Policy>& policy, const CommandCase& asked);

/// Rules that were asked, in their order: the last one decided.
nlohmann::ordered_json json_of(const std::vector<engine::Considered>& considered);
/// One of them as a line.
std::string decided_by(const nlohmann::ordered_json& rule);

}  // namespace cw::app
