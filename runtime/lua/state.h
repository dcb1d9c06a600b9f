// One Lua state: the sandbox of one run (or of one policy, one load). Made fresh, used once, dropped whole; nothing in
// it is trusted. LuaJIT with its JIT engine off: with it on, hooks never fire in a hot loop and nothing can stop a
// script.
//
// What a script can do in here is repeatable: no addresses, no hash order, no chance (docs/ARCHITECTURE.md, the
// keystone).
//
// Owner: one run. One thread at a time; the thread's stack must be at least 8 MiB.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <lua.hpp>

#include "base/error.h"

namespace cw::lua {

/// What a script may use up. Instructions are VM instructions, counted in steps of 100; native work that takes time
/// (pattern matching, sorting, large strings) is charged in the same unit.
struct Limits {
  uint64_t instructions = 50'000'000;
  size_t memory = 16u << 20;                 // bytes, by the allocator; no single block over 1 MiB
  std::chrono::milliseconds awake{180'000};  // time a script may run, not counting what it waits for
  size_t handles = 256;                      // live userdata
};

/// One text file of a bundle, and its compiled form, made once per bundle and shared by all its runs. Never read from
/// outside as bytecode.
struct Chunk {
  std::string name{};  // bundle-relative, shown in errors: "cw/gp.lua"
  std::string text{};
  std::string bytecode{};  // made by compile()
};

/// Checks and compiles `text` (text only, <= 256 KiB). Raises script: syntax error with file and line.
Chunk compile(std::string name, std::string text);

/// Finds the module `require "cw.gp"` names; null if the bundle has none.
using Finder = std::function<const Chunk*(std::string_view module)>;

/// A native module: its name for `require` and the function that leaves its table on the stack.
struct NativeModule {
  const char* name;
  lua_CFunction open;
};

class State {
 public:
  struct Setup {
    Limits limits{};
    Finder finder{};
    const std::vector<NativeModule>* modules = nullptr;
    void* host = nullptr;  // what host_of() gives back to native modules
  };

  explicit State(const Setup& setup);
  State(State&&) noexcept;
  State& operator=(State&&) noexcept;
  ~State();

  /// What ended the latest start(), resume() or go_on().
  enum class Outcome {
    finished,  // the results are on thread()'s stack
    waiting,   // a native call yielded: resume() with its results
    paused,    // it computed for a whole slice: go_on(), and the script sees nothing of it
    failed,    // error() says why
  };

  /// The coroutine that the flow runs in.
  lua_State* thread();

  /// Runs a chunk to its end under the load limits; its single result stays on top of thread()'s stack. No native call
  /// may wait here. Raises script or budget.
  void load(const Chunk& chunk, const Limits& load_limits);

  /// Calls the function on thread()'s stack with `args` arguments above it.
  Outcome start(int args);
  /// Goes on after `waiting`: `push` leaves the results of the native call on the stack it is given and returns how
  /// many; it may throw cw::Error, which the native call then raises in the script.
  Outcome resume(const std::function<int(lua_State*)>& push);

  /// Goes on after `paused`, exactly where the script stood.
  Outcome go_on();

  /// How long a script computes, from now on, until it pauses; nothing: it does not. Files are loaded without a pause.
  void set_slice(std::optional<std::chrono::microseconds> slice);

  /// After failed: what went wrong, with bundle-relative place; after a kill its kind is budget.
  const Error& error() const;
  /// Stack trace of the failure, for people; bundle-relative, no values.
  const std::string& traceback() const;

  /// Ends the run at the next instruction it executes: budget error with `reason`. From the run's own thread.
  void kill(std::string reason);

  struct Usage {
    uint64_t instructions = 0;
    size_t memory = 0;
    size_t peak_memory = 0;
  };
  Usage usage() const;
  void collect();  // full garbage collection, before a long wait

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

/// The Setup::host of the state that `L` belongs to.
void* host_of(lua_State* L);

/// Yields from a native function to the host: `return lua::wait(L);`. Also from within a coroutine of the script.
/// The results of the native call are what State::resume pushes. Only for functions listed as waiting (lua/stack.h).
int wait(lua_State* L);

/// Charges native work to the run, in instructions; raises budget in the script when it is used up.
void charge(lua_State* L, uint64_t instructions);

}  // namespace cw::lua
