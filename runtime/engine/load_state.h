// A state to load and check one file in: nothing in it can reach the outside.
#pragma once

#include "engine/bundle.h"
#include "engine/no_outside.h"
#include "lua/state.h"
#include "modules/context.h"

namespace cw::engine {

class LoadState {
 public:
  /// `bundle` must outlive this.
  explicit LoadState(const Bundle& bundle);

  /// Runs the chunk; its result is on top of the stack. Raises script, budget.
  lua_State* load(const lua::Chunk& chunk);

  static lua::Limits limits();

 private:
  NoOutside outside_;
  modules::Context context_{outside_};
  lua::State state_;
};

}  // namespace cw::engine
