// Where require looks: native modules first, then the bundle. Nothing else, and nothing by path.
#include <string>

#include "chunk_private.h"
#include "impl_private.h"
#include "lua/stack.h"
#include "sandbox_private.h"

namespace cw::lua {
namespace {

constexpr size_t kLongestName = 128;

/// While it lives, native functions are named after the module.
class Opening {
 public:
  Opening(std::string& current, const std::string& name) : current_(current) { current_ = name; }
  ~Opening() { current_.clear(); }
  Opening(const Opening&) = delete;
  Opening& operator=(const Opening&) = delete;

 private:
  std::string& current_;
};

/// find_module(name, started): the module's table if it is native, else the function that makes it.
int find_module(lua_State* L) {
  std::string name(text(L, 1, kLongestName));
  if (!is_absent(L, 2)) {
    throw Error(ErrorKind::script, "require '" + name +
                                       "': it requires itself, directly or through others, or failed "
                                       "before");
  }
  State::Impl& impl = impl_of(L);
  if (impl.setup.modules != nullptr) {
    for (const NativeModule& module : *impl.setup.modules) {
      if (name != module.name) continue;
      Opening opening(impl.opening, name);
      lua_pushcfunction(L, module.open);
      lua_call(L, 0, 1);
      return 1;
    }
  }
  const Chunk* chunk = impl.setup.finder ? impl.setup.finder(name) : nullptr;
  if (chunk == nullptr) throw Error(ErrorKind::script, "require '" + name + "': no such module in the bundle");
  charge(L, chunk->bytecode.size() / 16);
  push_chunk(L, *chunk);
  return 1;
}

/// check_module(name, result): a module is a table or a function.
int check_module(lua_State* L) {
  if (!lua_istable(L, 2) && !lua_isfunction(L, 2)) {
    throw Error(ErrorKind::script, "require '" + std::string(text(L, 1, kLongestName)) +
                                       "': a module returns a table or a function, this one a " + luaL_typename(L, 2));
  }
  lua_settop(L, 2);
  return 1;
}

}  // namespace

void add_require(lua_State* L) {
  lua_pushcfunction(L, guard<find_module>);
  lua_setfield(L, -2, "find_module");
  lua_pushcfunction(L, guard<check_module>);
  lua_setfield(L, -2, "check_module");
}

}  // namespace cw::lua
