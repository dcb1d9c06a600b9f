// Tears a flow at every command, before, inside and after the card acted, runs it again from its top, and compares the
// card with the one that an untorn run leaves.
#pragma once

#include <functional>
#include <string>

#include "engine/run.h"
#include "report/results.h"

namespace cw::scenario {

struct TearSetup {
  std::string flow{};
  std::string flavor{};
  std::string memory{};  // of the simulated card before the flow
  uint64_t seed = 0;     // of the card's random numbers
  /// The flow, from its top, in one attempt on this reader.
  std::function<engine::RunResult(card::Reader&)> run{};
  /// Called before each tear point; may raise to end it.
  std::function<void()> check{};
};

/// Every run gets the same random numbers, so that what a flow draws and stores does not count as a difference.
/// A point converges if the torn run ended with the tear, the run after it ended well, the card's memory is that of
/// the untorn run (se::Card::state_digest_text), and no key was tried that the card does not have. Raises what ended
/// the untorn run; script: the flow sends nothing.
report::TearMatrix tear_everywhere(const TearSetup& setup);

}  // namespace cw::scenario
