#include "engine/run_state.h"

#include "lua/stack.h"
#include "modules/modules.h"

namespace cw::engine {

namespace {

/// Live handles of a run. A large LOAD is one plan with two for each block; their memory is charged to the run besides.
constexpr size_t kHandles = 4096;

}  // namespace

lua::State::Setup run_state_setup(const Bundle& bundle, const Policy& policy, modules::Context& context) {
  lua::State::Setup setup;
  setup.limits.instructions = static_cast<uint64_t>(policy.limits().instructions);
  setup.limits.memory = static_cast<size_t>(policy.limits().memory_mib) << 20;
  setup.limits.handles = kHandles;
  setup.limits.awake = std::chrono::seconds(policy.limits().awake_s);
  setup.finder = [&bundle](std::string_view module) { return bundle.module(module); };
  setup.modules = &modules::modules();
  setup.host = &context;
  return setup;
}

void push_flavor(lua_State* L, const Flavor& flavor) {
  lua_newtable(L);
  for (const auto& [name, value] : flavor) {
    if (const auto* flag = std::get_if<bool>(&value)) lua::set_field(L, name.c_str(), *flag);
    if (const auto* number = std::get_if<int64_t>(&value)) lua::set_field(L, name.c_str(), *number);
    if (const auto* text = std::get_if<std::string>(&value)) lua::set_field(L, name.c_str(), std::string_view(*text));
    if (const auto* bytes = std::get_if<Bytes>(&value)) lua::set_field(L, name.c_str(), ByteView(*bytes));
  }
}

}  // namespace cw::engine
