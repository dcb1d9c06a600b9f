// What a state is made of, for the files of this folder. Found from any lua_State by way of the allocator, which a
// script can not reach.
#pragma once

#include <optional>
#include <string>

#include "lua/state.h"
#include "memory_private.h"
#include "meter_private.h"

namespace cw::lua {

/// Names that no script can make up: addresses, as light userdata.
struct Tag {
  char unused = 0;
};
inline constexpr Tag kWaitTag;      // yielded by a native call that waits
inline constexpr Tag kDoneTag;      // ahead of the results that end the wait
inline constexpr Tag kFailedTag;    // ahead of the error that ends it
inline constexpr Tag kKillTag;      // the error value of a kill
inline constexpr Tag kErrorMeta;    // registry: metatable of error tables
inline constexpr Tag kSettleTag;    // registry: makes the Lua side of a waiting function
inline constexpr Tag kIdentities;   // registry: object -> number of the run
inline constexpr Tag kMetatables;   // registry: a script's metatable -> our copy
inline constexpr Tag kOriginalTag;  // in our copy: the script's metatable
inline constexpr Tag kNextTable;    // registry: table that next() went through last
inline constexpr Tag kNextKeys;     // registry: its keys in order

void push_tag(lua_State* L, const Tag& tag);
bool is_tag(lua_State* L, int index, const Tag& tag);
/// registry[tag] = value on top, popped.
void keep(lua_State* L, const Tag& tag);
void push_kept(lua_State* L, const Tag& tag);

struct State::Impl {
  explicit Impl(const Setup& setup);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Outcome run(lua_State* thread, int args);
  void fail(lua_State* thread, int code);
  void remember_place(lua_State* L);
  void load(const Chunk& chunk, const Limits& load_limits);
  int push_results(const std::function<int(lua_State*)>& push);

  Setup setup;
  Memory memory{};
  Meter meter{};
  lua_State* main = nullptr;
  lua_State* flow = nullptr;  // State::thread()
  lua_State* base = nullptr;  // the thread that the host drives now: the flow, or one that loads
  bool loading = false;
  lua_State* paused = nullptr;  // where the script stands between two slices: the flow, or a coroutine of its own
  std::optional<uint64_t> odd_count{};  // what the next count stands for, where it is another one
  uint64_t native_work = 0;             // since the last count
  int nesting = 0;                      // coroutines of the script, one in the other
  size_t handles = 0;
  int64_t identities = 0;
  int64_t next_position = 0;
  std::string opening{};  // native module that require opens
  std::optional<Error> error{};
  std::string place{};  // where the kill met the script
  std::string traceback{};
};

State::Impl& impl_of(lua_State* L);

/// Hooks the state: every so many instructions, or, to kill it, each.
void count(lua_State* L);
void count_each(lua_State* L);

/// Raises the kill in the script. From here on each instruction raises it again.
[[noreturn]] void stop(lua_State* L);

}  // namespace cw::lua
