// The kinds of command of the table in docs/RELIABILITY.md, each as a flow that has one such command between two
// others, or between two waits.
//
// Plain values.
#pragma once

#include <string>
#include <vector>

#include "bench.h"

namespace cw::journal {

struct Kind {
  std::string name{};     // as in the table
  std::string prepare{};  // a flow's body that gives the card its state before
  std::string before{};   // script: what the command needs, and nothing that changes the card
  std::string done = "false";
  std::string ready{};  // script: opens the channel again that `done` closed
  std::string command{};
  std::string tail = "isd:status(0x80)";  // looks at the card once more
  int apdu = 1;                           // of the exchange that is looked at
  bool first = false;                     // the run's first exchange, with nothing before it
  bool opens = false;                     // the secure channel is not there any more after it
};

const std::vector<Kind>& kinds();
const Kind* kind_named(const std::string& name);

/// What is around the command.
enum class Around { commands, waits };
std::string flow_of(const Bench& bench, const Kind& kind, Around around);
/// A card as it is before the flow. In this process.
std::string card_before(const Bench& bench, const Kind& kind);
/// The number of the exchange that is looked at, in the journal of a run that was not killed.
int exchange_of(const Bench& bench, const Kind& kind, const std::string& id);
/// All of them.
int exchanges_of(const Bench& bench, const std::string& id);

/// For all of them.
extern const std::vector<std::string> kSettings;

}  // namespace cw::journal
