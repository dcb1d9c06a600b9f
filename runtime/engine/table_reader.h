// Reads the table that a flow or a scenario file returns, raw: nothing of the script runs while it is checked. Errors
// name the file, and the first line that sets the field.
//
// Owner: one function. One thread; the state and the chunk outlive it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lua/state.h"

namespace cw::engine {

class TableReader {
 public:
  TableReader(lua_State* L, const lua::Chunk& chunk) : L_(L), chunk_(chunk) {}

  /// Raises script: "file:line: what", with the first line that sets `field`, if one does.
  [[noreturn]] void fail(std::string_view field, const std::string& what) const;

  /// Raises script unless a plain table is at `index`.
  void require_table(int index, std::string_view field, const std::string& what) const;
  /// Every key of the table at `index` must be one of `known`. Raises script, naming the nearest.
  void check_fields(int index, const std::string& what, const std::vector<std::string>& known) const;
  /// The string keys of the table at `index`, sorted. Raises script: keys of another type.
  std::vector<std::string> keys(int index, const std::string& what) const;
  /// Pushes a field; true if it is there.
  bool get(int index, const char* name) const;

  // Fields by type; absent: empty. Each raises script: another type.
  std::string text(int index, const char* name, const std::string& what, bool required) const;
  std::vector<std::string> list(int index, const char* name, const std::string& what) const;  // at most 256
  std::optional<int64_t> integer(int index, const char* name, const std::string& what) const;
  bool boolean(int index, const char* name, const std::string& what) const;

 private:
  size_t line_of(std::string_view field) const;

  lua_State* L_;
  const lua::Chunk& chunk_;
};

}  // namespace cw::engine
