#include "lua/state.h"

#include "chunk_private.h"
#include "errors_private.h"
#include "impl_private.h"
#include "sandbox_private.h"

namespace cw::lua {
namespace {

void* allocate(void* user, void* block, size_t old_size, size_t new_size) {
  auto& impl = *static_cast<State::Impl*>(user);
  void* moved = impl.memory.resize(block, old_size, new_size);
  if (moved == nullptr && new_size > 0) {
    impl.meter.kill(impl.memory.refusal() == Memory::Refusal::block
                        ? std::string("made a single value over 1 MiB")
                        : "used up its " + std::to_string(impl.memory.limit() >> 10) + " KiB of memory");
    impl.memory.open_reserve();
    // Now, since the stack keeps no line of a function that ran out of memory. Reading places allocates nothing in Lua.
    if (impl.base != nullptr) impl.remember_place(impl.base);
    return nullptr;
  }
  // Sets the collector's threshold to what is in use, and does nothing else: the next allocation of the script
  // collects. With a step multiplier of 0 that is one full cycle.
  if (impl.memory.take_pressure() && impl.main != nullptr) lua_gc(impl.main, LUA_GCRESTART, 0);
  return moved;
}

/// An error outside all protected calls: without this, LuaJIT ends the process.
int panic(lua_State*) { throw Error(ErrorKind::internal, "Lua ran out of memory outside a script"); }

int build(lua_State* L) {
  luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
  lua_gc(L, LUA_GCSTOP, 0);
  open_sandbox(L);
  State::Impl& impl = impl_of(L);
  impl.flow = lua_newthread(L);
  lua_rawseti(L, LUA_REGISTRYINDEX, 1);
  lua_gc(L, LUA_GCSETSTEPMUL, 0);
  lua_gc(L, LUA_GCRESTART, -1);
  count(L);
  return 0;
}

/// Runs host work on the state with errors caught. Memory is not limited here, so only a defect can make it fail.
void protect(lua_State* L, lua_CFunction work, void* argument, std::string_view doing) {
  if (lua_cpcall(L, work, argument) == 0) return;
  const char* text = lua_tostring(L, -1);
  std::string message = std::string(doing) + ": " + (text != nullptr ? text : "Lua error without a message");
  lua_settop(L, 0);
  throw Error(ErrorKind::internal, message);
}

int collect_all(lua_State* L) {
  lua_gc(L, LUA_GCCOLLECT, 0);
  return 0;
}

}  // namespace

void push_tag(lua_State* L, const Tag& tag) { lua_pushlightuserdata(L, const_cast<Tag*>(&tag)); }

bool is_tag(lua_State* L, int index, const Tag& tag) {
  return lua_type(L, index) == LUA_TLIGHTUSERDATA && lua_touserdata(L, index) == &tag;
}

void keep(lua_State* L, const Tag& tag) {
  push_tag(L, tag);
  lua_insert(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

void push_kept(lua_State* L, const Tag& tag) {
  push_tag(L, tag);
  lua_rawget(L, LUA_REGISTRYINDEX);
}

State::Impl& impl_of(lua_State* L) {
  void* user = nullptr;
  lua_getallocf(L, &user);
  return *static_cast<State::Impl*>(user);
}

State::Impl::Impl(const Setup& given) : setup(given) {
  main = lua_newstate(allocate, this);
  if (main == nullptr) throw Error(ErrorKind::internal, "cannot create a Lua state: out of memory");
  lua_atpanic(main, panic);
  try {
    protect(main, build, nullptr, "creating a Lua state");
  } catch (const Error&) {
    lua_close(main);
    throw;
  }
  memory.set_limit(setup.limits.memory);
  meter.set_limits(setup.limits);
}

State::Impl::~Impl() {
  memory.arm(false);
  lua_close(main);
}

State::Outcome State::Impl::run(lua_State* thread, int args) {
  error.reset();
  traceback.clear();
  base = thread;
  meter.wake();
  memory.arm(true);
  int code = lua_resume(thread, args);
  memory.arm(false);
  meter.sleep();
  if (!meter.killed()) {
    if (code == 0) return Outcome::finished;
    if (code == LUA_YIELD && paused != nullptr) return Outcome::paused;
    if (code == LUA_YIELD && is_tag(thread, -1, kWaitTag)) {
      lua_pop(thread, 1);
      return Outcome::waiting;
    }
  }
  fail(thread, code);
  return Outcome::failed;
}

void State::Impl::remember_place(lua_State* L) {
  if (!traceback.empty()) return;
  place = place_of(L);
  traceback = traceback_of(L);
}

void State::Impl::fail(lua_State* thread, int code) {
  remember_place(thread);
  if (meter.killed()) {
    error = Error(ErrorKind::budget, (place.empty() ? "" : place + ": ") + "the script " + meter.reason());
    return;
  }
  if (code == LUA_YIELD) {
    error = Error(ErrorKind::internal, "a coroutine yielded to the host");
    return;
  }
  // Not on the failed thread: its stack may be full.
  struct Job {
    lua_State* thread;
    Thrown thrown{};
  } job{thread};
  protect(
      main,
      [](lua_State* L) {
        auto& the = *static_cast<Job*>(lua_touserdata(L, 1));
        lua_xmove(the.thread, L, 1);
        the.thrown = read_thrown(L, -1);
        return 0;
      },
      &job, "reading an error");
  Thrown& thrown = job.thrown;
  // Of a function that failed by itself, the stack keeps no line, but the message does.
  std::string innermost = "  " + thrown.where;
  if (!thrown.where.empty() && !traceback.starts_with(innermost)) {
    traceback = traceback.empty() ? innermost : innermost + "\n" + traceback;
  }
  if (thrown.where.empty()) thrown.where = place;
  if (!thrown.where.empty()) thrown.message.insert(0, thrown.where + ": ");
  error = Error(thrown.kind, thrown.message, thrown.sw, thrown.cause);
}

void State::Impl::load(const Chunk& chunk, const Limits& load_limits) {
  struct Loader {
    const Chunk& chunk;
    lua_State* thread;
  } loader{chunk, nullptr};
  protect(
      main,
      [](lua_State* L) {
        auto& job = *static_cast<Loader*>(lua_touserdata(L, 1));
        job.thread = lua_newthread(L);
        lua_rawseti(L, LUA_REGISTRYINDEX, 2);
        push_chunk(job.thread, job.chunk);
        return 0;
      },
      &loader, "loading " + chunk.name);

  memory.set_limit(load_limits.memory);
  meter.set_limits(load_limits);
  loading = true;
  nesting = 0;
  Outcome outcome = run(loader.thread, 0);
  loading = false;
  if (outcome != Outcome::finished) throw *error;
  memory.set_limit(setup.limits.memory);
  meter.set_limits(setup.limits);

  lua_settop(loader.thread, 1);
  protect(
      main,
      [](lua_State* L) {
        auto& job = *static_cast<Loader*>(lua_touserdata(L, 1));
        lua_State* to = impl_of(L).flow;
        luaL_checkstack(to, 1, "results of a chunk");
        lua_xmove(job.thread, to, 1);
        lua_pushnil(L);
        lua_rawseti(L, LUA_REGISTRYINDEX, 2);
        return 0;
      },
      &loader, "loading " + chunk.name);
}

int State::Impl::push_results(const std::function<int(lua_State*)>& push) {
  struct Job {
    const std::function<int(lua_State*)>& push;
    int count = 0;
  } job{push};
  protect(
      main,
      [](lua_State* L) {
        auto& the = *static_cast<Job*>(lua_touserdata(L, 1));
        lua_settop(L, 0);
        std::optional<Error> failure;
        try {
          int results = the.push(L);
          push_tag(L, kDoneTag);
          lua_insert(L, -results - 1);
          the.count = results + 1;
        } catch (const Error& thrown) {
          failure.emplace(thrown);
        } catch (const std::exception& thrown) {
          failure.emplace(ErrorKind::internal, std::string("ending a wait: ") + thrown.what());
        }
        if (failure) {
          lua_settop(L, 0);
          push_tag(L, kFailedTag);
          push_error(L, *failure, "");
          the.count = 2;
        }
        lua_State* to = impl_of(L).flow;
        luaL_checkstack(L, 1, "results of a native call");
        if (lua_checkstack(to, the.count + LUA_MINSTACK) == 0) luaL_error(L, "too many results of a native call");
        lua_xmove(L, to, the.count);
        return 0;
      },
      &job, "going on after a wait");
  return job.count;
}

State::State(const Setup& setup) : impl_(std::make_unique<Impl>(setup)) {}
State::State(State&&) noexcept = default;
State& State::operator=(State&&) noexcept = default;
State::~State() = default;

lua_State* State::thread() { return impl_->flow; }

void State::load(const Chunk& chunk, const Limits& load_limits) { impl_->load(chunk, load_limits); }

State::Outcome State::start(int args) {
  impl_->nesting = 0;
  return impl_->run(impl_->flow, args);
}

State::Outcome State::resume(const std::function<int(lua_State*)>& push) {
  int count = impl_->push_results(push);
  return impl_->run(impl_->flow, count);
}

State::Outcome State::go_on() {
  if (impl_->paused == impl_->flow) impl_->paused = nullptr;
  return impl_->run(impl_->flow, 0);
}

void State::set_slice(std::optional<std::chrono::microseconds> slice) { impl_->meter.set_slice(slice); }

const Error& State::error() const {
  if (!impl_->error) throw Error(ErrorKind::internal, "asked for the error of a run that did not fail");
  return *impl_->error;
}

const std::string& State::traceback() const { return impl_->traceback; }

void State::kill(std::string reason) {
  impl_->meter.kill("was stopped: " + reason);
  count_each(impl_->main);
}

State::Usage State::usage() const { return {impl_->meter.instructions(), impl_->memory.used(), impl_->memory.peak()}; }

void State::collect() { protect(impl_->main, collect_all, nullptr, "collecting garbage"); }

void* host_of(lua_State* L) { return impl_of(L).setup.host; }

int wait(lua_State* L) {
  State::Impl& impl = impl_of(L);
  if (impl.loading) throw Error(ErrorKind::usage, "a call that waits while a file loads: loading has no side effects");
  if (lua_isyieldable(L) == 0) throw Error(ErrorKind::internal, "a call that waits where nothing can wait");
  lua_settop(L, 0);
  push_tag(L, kWaitTag);
  return lua_yield(L, 1);
}

}  // namespace cw::lua
