#include "engine/load_state.h"

#include "modules/modules.h"

namespace cw::engine {

lua::Limits LoadState::limits() {
  lua::Limits limits;
  limits.instructions = 2'000'000;
  limits.memory = 8u << 20;
  limits.awake = std::chrono::milliseconds(2000);
  return limits;
}

LoadState::LoadState(const Bundle& bundle)
    : state_([&] {
        lua::State::Setup setup;
        setup.limits = limits();
        setup.finder = [&bundle](std::string_view module) { return bundle.module(module); };
        setup.modules = &modules::modules();
        setup.host = &context_;
        return setup;
      }()) {}

lua_State* LoadState::load(const lua::Chunk& chunk) {
  state_.load(chunk, limits());
  return state_.thread();
}

}  // namespace cw::engine
