// What a run did before this process took it up, as its journal tells.
//
// Plain values.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/evidence.h"
#include "engine/recording.h"

namespace cw::engine {

/// A secure channel that was open: with its keys from custody it goes on where it stood.
struct ChannelPast {
  ChannelMaterial material{};
  gp::Channel::Mark mark{};
};

/// An order that was made, so that it can be made again.
struct OrderPast {
  size_t items = 0;
  Bytes host_challenge{};          // of the INITIALIZE UPDATE in it
  std::optional<Report> report{};  // what came back; none: the device has it, or is to have it
};

/// A request whose last order is out.
struct OutPast {
  std::vector<std::string> asked{};  // its lines
  SessionStand stand{};
  std::vector<OrderPast> orders{};
  bool left = false;  // whoever had it, put it down: no order went out since that is not known
};

struct Past {
  unsigned attempts = 0;                // that were begun, the one under way too
  unsigned counted = 0;                 // of them, those since an operator last let the run go on
  unsigned commands = 0;                // before the attempt under way
  std::chrono::milliseconds waited{0};  // by the clock, before the attempt under way
  std::vector<std::string> refused{};   // key sets that the card does not have
  std::string card{};                   // who the card said it is; empty: nobody asked

  /// The attempt under way, where nothing is in doubt and the card was not reset since: one run, from its line
  /// `attempt`. Null: the next attempt starts from the top.
  std::shared_ptr<const Recording> attempt{};
  std::vector<ChannelPast> channels{};  // that it has open
  std::optional<OutPast> out{};         // a device's: it goes on with the report
  bool same_process = false;            // that had the card in its reader all the time, and waited to the end
  std::chrono::milliseconds left{0};    // of the wait that it ends with
};

}  // namespace cw::engine
