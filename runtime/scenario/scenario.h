// A scenario: a Lua file that tells one story about a card, checked here before anything runs (docs/TESTERS.md).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/bundle.h"
#include "engine/flow.h"

namespace cw::scenario {

struct Scenario {
  std::string name{};  // of the file, without folder and .lua
  std::string file{};  // as the bundle knows it
  std::string summary{};
  std::vector<std::string> tags{};
  std::vector<std::string> flavors{};     // empty: whichever the card has; "*": every one
  std::vector<std::string> needs_card{};  // capabilities, see capability_names()
  std::vector<std::string> needs_keys{};
  std::string policy{};      // file beside it; empty: that of the command line
  std::string card_state{};  // given.card: file beside it with the memory of a simulated card
  int64_t seconds = 30;

  /// The scenario as what a run executes.
  std::shared_ptr<const engine::Flow> as_flow() const;
};

/// Loads the file in a state of its own; nothing of it runs. Raises script, with file and line: a syntax error, a
/// missing or unknown field (names the nearest), a capability or flavor that does not exist; budget.
Scenario read_scenario(const engine::Bundle& bundle, const std::string& file);

/// Paths that are scenario files: a file is itself, a folder all *.lua in it and below, in order of their names; files
/// and folders whose name begins with _ are left out. Raises usage: no such path, a folder without scenarios.
std::vector<std::string> find_scenarios(const std::vector<std::string>& paths);

}  // namespace cw::scenario
