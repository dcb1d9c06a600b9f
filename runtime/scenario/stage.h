// The stage of one play: what a scenario's directions become. It runs flows on the scenario's card, lets the scenario
// play the backends they call, arms faults, tears flows, and looks into a simulated chip.
//
// Owner: one play. One thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/run.h"
#include "report/results.h"
#include "scenario/drive.h"
#include "scenario/faulty_reader.h"
#include "scenario/scenario.h"
#include "scenario/supply.h"
#include "scenario/witness.h"

namespace cw::scenario {

/// A run's setup for this card, flow and policy; the rest is the caller's.
struct Scenery {
  std::shared_ptr<const engine::Bundle> bundle{};
  std::shared_ptr<const engine::Policy> policy{};
  uint64_t seed = 1;
  engine::Recorder* recorder = nullptr;
  bool plays_backends = true;  // the scenario does; else a recording answers for them
};

class Stage {
 public:
  /// All that it refers to outlives it.
  Stage(const Scenario& scenario, Scenery scenery, PlayedCard& card, FaultyReader& reader, Witness& witness,
        const Bounds& bounds);
  ~Stage();

  /// Raises usage: an unknown verb, arguments that it does not take; and what the direction comes to.
  host::DirectionDone direct(const host::Direction& direction);

  /// What an expectation said that was not met, the last one.
  const std::optional<report::Failure>& failure() const { return failure_; }
  std::vector<report::TearMatrix> take_matrices() { return std::move(matrices_); }

 private:
  struct FlowCall;
  struct Playing;
  using json = nlohmann::json;

  host::DirectionDone perform(const std::string& verb, const json& arguments);
  FlowCall flow_call(const json& arguments) const;
  engine::RunSetup setup_for(const FlowCall& call, card::Reader& reader, engine::Observer& observer) const;
  json run(const json& arguments);
  json answer(const json& arguments);
  json go_on();
  json tear(const json& arguments);
  json fault(const json& arguments);
  json memory() const;
  json fail(const json& arguments);

  const Scenario& scenario_;
  Scenery scenery_;
  PlayedCard& card_;
  FaultyReader& reader_;
  Witness& witness_;
  const Bounds& bounds_;
  std::unique_ptr<Playing> playing_;  // a flow that waits for a backend
  unsigned calls_ = 0;                // of backends; the last is the one that waits
  std::optional<report::Failure> failure_{};
  std::vector<report::TearMatrix> matrices_{};
};

}  // namespace cw::scenario
