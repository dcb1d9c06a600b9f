#include <lua.hpp>

#include "attempt_private.h"
#include "engine/load_state.h"
#include "engine/run_state.h"
#include "modules/modules.h"

namespace cw::engine {

namespace {

/// The part of the stdlib that turns a file's table and this context into something that runs.
const lua::Chunk& boot_chunk(bool scenario) {
  static const lua::Chunk of_flow = lua::compile("cw/boot.lua", "return require('cw.flow').start");
  static const lua::Chunk of_scenario = lua::compile("cw/boot.lua", "return require('cw.scenario').start");
  return scenario ? of_scenario : of_flow;
}

void push_value(lua_State* L, const std::string& name, const ArgumentValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) lua::push(L, std::string_view(*text));
  if (const auto* bytes = std::get_if<Bytes>(&value)) lua::push(L, ByteView(*bytes));
  if (const auto* number = std::get_if<int64_t>(&value)) lua_pushnumber(L, static_cast<lua_Number>(*number));
  if (const auto* flag = std::get_if<bool>(&value)) lua_pushboolean(L, *flag);
  if (const auto* secret = std::get_if<SecretArgument>(&value)) modules::push_secret(L, name, secret->size);
  if (const auto* cap = std::get_if<CapArgument>(&value)) modules::push_cap(L, cap->load_file, cap->cap);
}

}  // namespace

Attempt::Attempt(const RunSetup& setup, std::string reader_name, std::unique_ptr<RunOutside> outside)
    : setup_(setup),
      reader_name_(std::move(reader_name)),
      outside_(std::move(outside)),
      context_(*outside_),
      state_(run_state_setup(*setup.bundle, *setup.policy, context_)) {}

lua::State::Outcome Attempt::start(ByteView atr) {
  started_ = true;
  const lua::Chunk& chunk = setup_.bundle->flow(setup_.flow_name);
  state_.load(boot_chunk(setup_.scenario), LoadState::limits());
  state_.load(chunk, LoadState::limits());
  if (!setup_.flow) read_flow(state_.thread(), chunk, setup_.flow_name);
  push_context(atr);
  return state_.start(2);
}

lua::State::Outcome Attempt::resume(host::Reply& reply) {
  return state_.resume([&](lua_State* L) { return context_.reply(L, reply); });
}

void Attempt::push_context(ByteView atr) {
  struct Call {
    const Attempt* attempt;
    ByteView atr;
  } call{this, atr};
  lua_State* L = state_.thread();
  const auto build = [](lua_State* state) -> int {
    const Call& given = *static_cast<Call*>(lua_touserdata(state, 1));
    const RunSetup& setup = given.attempt->setup_;
    lua_pushlightuserdata(state, given.attempt->key());
    lua_newtable(state);
    modules::push_card(state, given.attempt->reader_name_, given.atr);
    lua_setfield(state, -2, "card");
    push_flavor(state, setup.flavor);
    lua_setfield(state, -2, "flavor");
    lua::set_field(state, "name", std::string_view(setup.flow_name));
    lua_newtable(state);
    for (const auto& [name, value] : setup.arguments.values) {
      push_value(state, name, value);
      lua_setfield(state, -2, name.c_str());
    }
    lua_setfield(state, -2, "args");
    lua_rawset(state, LUA_REGISTRYINDEX);
    return 0;
  };
  if (lua_cpcall(L, build, &call) != 0) {
    lua_pop(L, 1);
    throw Error(ErrorKind::budget, "the run's memory limit is too small for its arguments (policy limits.memory_mib)");
  }
  lua_pushlightuserdata(L, key());
  lua_rawget(L, LUA_REGISTRYINDEX);
}

}  // namespace cw::engine
