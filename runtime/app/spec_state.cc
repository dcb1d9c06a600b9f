#include "app/spec_state.h"

#include <algorithm>

#include "base/error.h"
#include "modules/modules.h"

namespace cw::app {

namespace {

lua::State::Setup setup_of(const engine::Bundle& bundle, modules::Context& context) {
  lua::State::Setup setup;
  setup.finder = [&bundle](std::string_view module) { return bundle.module(module); };
  setup.modules = &modules::modules();
  setup.host = &context;
  return setup;
}

}  // namespace

SpecState::SpecState(const engine::Bundle& bundle, const lua::Chunk& chunk) : state_(setup_of(bundle, context_)) {
  state_.load(chunk, lua::Limits{});
  if (lua_type(state_.thread(), -1) != LUA_TTABLE) {
    throw Error(ErrorKind::script, chunk.name + ": a spec returns a table, name = function");
  }
}

std::vector<std::string> SpecState::names() {
  lua_State* L = state_.thread();
  std::vector<std::string> out;
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    // A key that is no string has no name to print; lua_tostring would change it under lua_next.
    if (lua_type(L, -2) == LUA_TSTRING) out.emplace_back(lua_tostring(L, -2));
    lua_pop(L, 1);
  }
  std::sort(out.begin(), out.end());
  return out;
}

void SpecState::run(const std::string& name) {
  lua_State* L = state_.thread();
  lua_pushlstring(L, name.data(), name.size());
  lua_rawget(L, -2);
  if (lua_type(L, -1) != LUA_TFUNCTION) throw Error(ErrorKind::script, name + " is no function");
  lua::State::Outcome outcome = state_.start(0);
  while (outcome == lua::State::Outcome::waiting) {
    host::Reply reply = Error(ErrorKind::reader, "a spec has no card and no network");
    outcome = state_.resume([&](lua_State* thread) { return context_.reply(thread, reply); });
  }
  if (outcome == lua::State::Outcome::failed) throw state_.error();
}

Bytes SpecState::random(size_t count) {
  Bytes out(count);
  for (uint8_t& byte : out) byte = next_random_++;
  return out;
}

host::KeyInfo SpecState::key_info(const std::string& set) {
  throw Error(ErrorKind::usage, "a spec has no keys: '" + set + "'");
}

host::KeyInfo SpecState::unwrap(const host::WrappedKeys& keys) {
  throw Error(ErrorKind::usage, "a spec has no keys: '" + keys.under + "'");
}

bool SpecState::verifies(const std::string& key, ByteView /*message*/, ByteView /*signature*/) {
  throw Error(ErrorKind::usage, "a spec has no keys: '" + key + "'");
}

Bytes SpecState::sign(const std::string& key, ByteView /*message*/) {
  throw Error(ErrorKind::usage, "a spec has no keys: '" + key + "'");
}

}  // namespace cw::app
