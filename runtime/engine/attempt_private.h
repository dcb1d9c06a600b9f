// One pass of a flow, from its top, on a card that was just reset: the script's state, and what answers it.
//
// Owner: a run. One thread at a time.
#pragma once

#include <memory>
#include <string>

#include "engine/run.h"
#include "engine/run_outside.h"
#include "lua/state.h"
#include "modules/context.h"

namespace cw::engine {

class Attempt {
 public:
  /// `setup` outlives it.
  Attempt(const RunSetup& setup, std::string reader_name, std::unique_ptr<RunOutside> outside);

  /// Raises script, budget, reader.
  lua::State::Outcome start() { return start(outside_->reset()); }
  lua::State::Outcome start(ByteView atr);
  lua::State::Outcome resume(host::Reply& reply);
  lua::State::Outcome go_on() { return state_.go_on(); }

  /// Its script was; before, a card far away is asked who it is.
  bool started() const { return started_; }
  RunOutside& outside() { return *outside_; }
  lua::State& state() { return state_; }

 private:
  /// Leaves {card, args, flavor, name} on the thread's stack. Built in a protected call: memory may run out on the way.
  void push_context(ByteView atr);
  void* key() const { return const_cast<Attempt*>(this); }

  const RunSetup& setup_;
  std::string reader_name_;
  std::unique_ptr<RunOutside> outside_;
  modules::Context context_;
  lua::State state_;
  bool started_ = false;
};

}  // namespace cw::engine
