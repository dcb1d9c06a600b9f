// One scenario on one card: from a fresh card to a report case.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "engine/bundle.h"
#include "engine/policy.h"
#include "engine/recorder.h"
#include "report/results.h"
#include "scenario/scenario.h"
#include "scenario/supply.h"

namespace cw::scenario {

/// What all plays have in common.
struct Production {
  std::shared_ptr<const engine::Bundle> bundle{};
  std::shared_ptr<const engine::Policy> policy{};
  uint64_t seed = 1;
  bool keep_events = false;                 // of scenarios that passed too, for reports
  const std::atomic<bool>* stop = nullptr;  // may be null
  engine::Recorder* recorder = nullptr;     // takes down what is played, one play at a time; may be null
};

/// Never raises for what the scenario or the card does: that is in the case.
report::Case play(const Production& production, const Scenario& scenario, Supply& supply, const std::string& flavor);

/// A case that cannot be played: the file is broken.
report::Case broken(const std::string& file, const Error& error);

}  // namespace cw::scenario
