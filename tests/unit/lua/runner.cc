#include "runner.h"

#include <ctime>

namespace cw::lua::test {
namespace {

int send(lua_State* L) {
  text(L, 1);
  return wait(L);
}

int fail_now(lua_State*) { throw Error(ErrorKind::card, "INSTALL: not enough memory", 0x6A84, "the card said so"); }

int add_one(lua_State* L) {
  lua_pushnumber(L, static_cast<lua_Number>(integer(L, 1, 0, 1000) + 1));
  return 1;
}

int open_test(lua_State* L) {
  push_module(L, {{"send", guard<send>, true}, {"fail", guard<fail_now>}, {"add_one", guard<add_one>}});
  return 1;
}

std::chrono::nanoseconds thread_cpu() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

std::string text_of(lua_State* L, int index) {
  if (lua_gettop(L) < -index) return "none";
  switch (lua_type(L, index)) {
    case LUA_TNIL:
      return "nil";
    case LUA_TBOOLEAN:
      return lua_toboolean(L, index) != 0 ? "true" : "false";
    case LUA_TNUMBER:
    case LUA_TSTRING: {
      size_t size = 0;
      const char* data = lua_tolstring(L, index, &size);
      return {data, size};
    }
    default:
      return luaL_typename(L, index);
  }
}

}  // namespace

Result run(const std::string& script, const Options& options) {
  Result result;
  auto begin = thread_cpu();
  std::map<std::string, Chunk> bundle;
  State::Setup setup;
  setup.limits = options.limits;
  std::vector<NativeModule> native{{"test", guard<open_test>}};
  if (options.native != nullptr) native.insert(native.end(), options.native->begin(), options.native->end());
  setup.modules = &native;
  setup.finder = [&](std::string_view name) -> const Chunk* {
    auto found = bundle.find(std::string(name));
    return found == bundle.end() ? nullptr : &found->second;
  };
  try {
    for (const auto& [name, text] : options.modules) bundle[name] = compile(name + ".lua", text);
    State state(setup);
    state.load(compile(options.name, "return function() " + script + "\nend"), Limits{});
    state.set_slice(options.slice);
    result.outcome = state.start(0);
    while (result.outcome == State::Outcome::waiting || result.outcome == State::Outcome::paused) {
      if (result.outcome == State::Outcome::paused) {
        if (++result.pauses >= options.most_pauses) state.set_slice({});
        result.outcome = state.go_on();
        continue;
      }
      int n = ++result.waits;
      result.outcome = state.resume([&](lua_State* L) {
        if (options.answer) return options.answer(L, n);
        lua_pushnumber(L, n);
        return 1;
      });
    }
    if (result.outcome == State::Outcome::finished) {
      result.text = text_of(state.thread(), -1);
    } else {
      result.error = state.error().message();
      result.kind = name_of(state.error().kind());
      result.traceback = state.traceback();
    }
    result.usage = state.usage();
  } catch (const Error& error) {
    result.outcome = State::Outcome::failed;
    result.error = error.message();
    result.kind = name_of(error.kind());
  }
  result.cpu = std::chrono::duration_cast<std::chrono::milliseconds>(thread_cpu() - begin);
  return result;
}

Options tight() {
  Options options;
  options.limits.awake = std::chrono::milliseconds(200);
  options.limits.instructions = 20'000'000;
  return options;
}

}  // namespace cw::lua::test
