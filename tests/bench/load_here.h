// The flow of the load without a network: on a simulated card in this process.
//
// Plain functions.
#pragma once

#include <string>
#include <vector>

namespace cw::bench {

/// What the devices' runs are made of.
struct LoadFlow {
  std::string flow = "demo/install";
  std::vector<std::string> settings{};  // NAME=VALUE
  std::string keys{};                   // a file
};

struct LoadHere {
  double seconds = 0;          // of processor time, host and card, for one run
  double card_seconds = 0;     // of it the card's
  double journal_seconds = 0;  // host and card with a journal on SQLite
  std::string state{};         // of the card afterwards: wanted_state()
};

/// Medians of `count` runs. Raises Error: a run failed.
LoadHere play_here(const LoadFlow& flow, size_t count);

/// What two cards are alike by, though each has a serial number of its own. `digest`: se::Card::state_digest_text().
std::string wanted_state(const std::string& digest);

}  // namespace cw::bench
