// An interactive Lua prompt on a card: the sandbox, the gate and the card session of a run, with entries typed by a
// person in place of a flow. Channels stay open from one entry to the next; what an entry declares local ends with it,
// and what it puts into `my` stays.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "app/session.h"
#include "engine/custody.h"
#include "engine/direct_delivery.h"
#include "engine/gate.h"
#include "engine/local_outside.h"
#include "lua/state.h"
#include "modules/context.h"

namespace cw::app {

class Repl {
 public:
  /// Resets the card. Raises policy: the policy does not allow a flow named "repl"; reader.
  Repl(Session& session, engine::Observer& observer);

  enum class Entered {
    done,
    incomplete,  // more lines are needed
  };
  /// Compiles and runs `text`, an expression or statements. Raises what the entry raises; the session goes on after it.
  Entered enter(const std::string& text, const std::atomic<bool>& stop);

 private:
  void make_state();
  lua::Chunk compile(const std::string& text);

  Session& session_;
  engine::Inputs inputs_;
  engine::HttpTransport http_;
  engine::DirectDelivery direct_{};
  engine::KeepDomains keep_domains_ = engine::RunDomains();  // until the prompt ends
  engine::Outgoing outgoing_;
  engine::Director no_stage_{};
  std::map<std::string, Secret> no_secrets_{};
  engine::Custody custody_;
  engine::Gate gate_;
  CountedRun* counted_;  // null: attempts are counted here alone
  engine::CardBudgets budgets_;
  engine::Evidence evidence_{};
  engine::KeyWatch no_watch_{};
  engine::LocalOutside outside_;
  Bytes atr_;
  std::unique_ptr<modules::Context> context_;
  std::unique_ptr<lua::State> state_;
  unsigned entries_ = 0;
};

}  // namespace cw::app
