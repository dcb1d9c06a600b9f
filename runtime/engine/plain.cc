#include "engine/plain.h"

#include "base/error.h"

namespace cw::engine {

namespace {

class Walker {
 public:
  explicit Walker(lua_State* L) : L_(L) {}

  Plain read(int index, int depth) {
    if (depth > 16) throw Error(ErrorKind::script, "data nested deeper than 16");
    if (++count_ > 10'000) throw Error(ErrorKind::script, "more than 10,000 values");
    if (!lua_checkstack(L_, 8)) throw Error(ErrorKind::script, "data nested too deep");
    switch (lua_type(L_, index)) {
      case LUA_TNIL:
        return {};
      case LUA_TBOOLEAN:
        return {lua_toboolean(L_, index) != 0};
      case LUA_TNUMBER:
        return {static_cast<double>(lua_tonumber(L_, index))};
      case LUA_TSTRING:
        return {text(index)};
      case LUA_TTABLE:
        return table(index, depth);
      default:
        throw Error(ErrorKind::script, std::string("plain data only, and there is a ") + luaL_typename(L_, index));
    }
  }

 private:
  std::string text(int index) {
    size_t size = 0;
    const char* data = lua_tolstring(L_, index, &size);
    return {data, size};
  }

  Plain table(int index, int depth) {
    if (index < 0) index = lua_gettop(L_) + 1 + index;
    if (lua_getmetatable(L_, index)) throw Error(ErrorKind::script, "plain tables only, and one has a metatable");
    const size_t length = lua_objlen(L_, index);
    if (length > 0) {
      Plain::List list;
      for (size_t i = 1; i <= length; ++i) {
        lua_rawgeti(L_, index, static_cast<int>(i));
        list.push_back(read(-1, depth + 1));
        lua_pop(L_, 1);
      }
      size_t fields = 0;
      lua_pushnil(L_);
      while (lua_next(L_, index)) {
        ++fields;
        lua_pop(L_, 1);
      }
      if (fields != length) throw Error(ErrorKind::script, "a table is a list or has names, not both");
      return {std::move(list)};
    }
    Plain::Map map;
    lua_pushnil(L_);
    while (lua_next(L_, index)) {
      if (lua_type(L_, -2) != LUA_TSTRING) throw Error(ErrorKind::script, "table keys must be names");
      map.emplace(text(-2), read(-1, depth + 1));
      lua_pop(L_, 1);
    }
    return {std::move(map)};
  }

  lua_State* L_;
  int count_ = 0;
};

}  // namespace

const Plain* Plain::get(const std::string& name) const {
  const Map* map = as<Map>();
  if (map == nullptr) return nullptr;
  const auto found = map->find(name);
  return found == map->end() ? nullptr : &found->second;
}

const char* Plain::type() const {
  constexpr const char* kNames[] = {"nothing", "a boolean", "a number", "a string", "a list", "a table"};
  return kNames[value.index()];
}

Plain read_plain(lua_State* L, int index) { return Walker(L).read(index, 0); }

}  // namespace cw::engine
