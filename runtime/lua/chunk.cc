#include "chunk_private.h"

namespace cw::lua {
namespace {

constexpr size_t kLongestText = 256u << 10;

// Of LuaJIT's dump format: the byte of flags, behind the signature and the version.
constexpr size_t kDumpFlags = 4;
constexpr unsigned kDumpWithFfi = 0x04;

/// A state that only compiles: no libraries, never runs a script.
class Compiler {
 public:
  Compiler() : L_(luaL_newstate()) {
    if (L_ == nullptr) throw Error(ErrorKind::internal, "cannot create a Lua state: out of memory");
  }
  ~Compiler() { lua_close(L_); }
  Compiler(const Compiler&) = delete;
  Compiler& operator=(const Compiler&) = delete;

  std::string compile(const std::string& name, std::string_view text, bool strip) {
    std::string chunk_name = "=" + name;
    if (luaL_loadbufferx(L_, text.data(), text.size(), chunk_name.c_str(), "t") != 0) {
      throw Error(ErrorKind::script, lua_tostring(L_, -1));
    }
    if (strip) return dump_stripped();
    std::string bytecode;
    lua_dump(
        L_,
        [](lua_State*, const void* part, size_t size, void* out) {
          static_cast<std::string*>(out)->append(static_cast<const char*>(part), size);
          return 0;
        },
        &bytecode);
    return bytecode;
  }

 private:
  /// The C interface dumps with lines only; string.dump(f, true) leaves them out.
  std::string dump_stripped() {
    lua_pushcfunction(L_, luaopen_string);
    lua_call(L_, 0, 1);
    lua_getfield(L_, -1, "dump");
    lua_pushvalue(L_, -3);
    lua_pushboolean(L_, 1);
    lua_call(L_, 2, 1);
    size_t size = 0;
    const char* data = lua_tolstring(L_, -1, &size);
    return {data, size};
  }

  lua_State* L_;
};

}  // namespace

Chunk compile(std::string name, std::string text) {
  if (text.size() > kLongestText) {
    throw Error(ErrorKind::script, name + ": " + std::to_string(text.size()) + " bytes; a script has at most 256 KiB");
  }
  if (!text.empty() && text.front() == '\x1B') {
    throw Error(ErrorKind::script, name + ": compiled Lua; only text is loaded");
  }
  std::string bytecode = Compiler().compile(name, text, false);
  check_numbers(name, text);
  if ((static_cast<unsigned char>(bytecode.at(kDumpFlags)) & kDumpWithFfi) != 0) {
    throw Error(ErrorKind::script, name + ": uses ffi");
  }
  return {std::move(name), std::move(text), std::move(bytecode)};
}

std::string compile_own(const char* name, std::string_view text) { return Compiler().compile(name, text, true); }

void push_chunk(lua_State* L, const Chunk& chunk) {
  if (chunk.bytecode.empty()) luaL_error(L, "%s has not been compiled", chunk.name.c_str());
  std::string name = "=" + chunk.name;
  if (luaL_loadbufferx(L, chunk.bytecode.data(), chunk.bytecode.size(), name.c_str(), "b") != 0) lua_error(L);
}

}  // namespace cw::lua
