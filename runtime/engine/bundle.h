// A bundle: stdlib and scripts as they were when it was loaded, addressed by their hash, never changed afterwards. Each
// text is compiled once, when first wanted, and shared by all runs.
//
// Thread rule: immutable; share freely.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "lua/state.h"

namespace cw::engine {

/// Version of what scripts can call.
inline constexpr int kApi = 1;

class Bundle {
 public:
  /// Reads `share`/stdlib and `share`/scripts (*.lua, <= 256 KiB each, <= 4096 files). Raises usage: a folder that is
  /// missing or cannot be read. Syntax is not checked here: a bad flow must not take the others down.
  static std::shared_ptr<const Bundle> load(const std::filesystem::path& share);

  /// Of these texts, by names as "scripts/demo/install.lua".
  static std::shared_ptr<const Bundle> of(std::map<std::string, std::string> texts);

  /// The same bundle with flow files more, from anywhere; the name of each is its path as given. Raises usage: a file
  /// that cannot be read.
  std::shared_ptr<const Bundle> with_files(const std::vector<std::filesystem::path>& files) const;
  std::shared_ptr<const Bundle> with_file(const std::filesystem::path& file) const { return with_files({file}); }

  /// The same bundle with the flow files that were added to `other`, as they were then.
  std::shared_ptr<const Bundle> with_added_of(const Bundle& other) const;

  /// All of its texts as one string of bytes, to be kept elsewhere: flow files that were added first, then the others.
  Bytes pack() const;
  /// Raises store: no packed bundle.
  static std::shared_ptr<const Bundle> unpack(ByteView packed);

  /// SHA-256 over names and contents, 64 hex digits.
  const std::string& hash() const { return hash_; }

  /// By their names: "stdlib/cw/gp.lua".
  const std::map<std::string, std::string>& texts() const { return texts_; }

  /// The hash of the bundle that flow files were added to; its own, where none was.
  const std::string& base() const { return base_; }

  /// What `require` finds: "cw.gp" is stdlib/cw/gp.lua, "acme.common" is scripts/acme/common.lua. Null if there is
  /// none. Raises script: syntax error.
  const lua::Chunk* module(std::string_view name) const;

  /// The flow "demo/install" (scripts/demo/install.lua), or the file added. Raises usage: no such flow, names the
  /// nearest; script: syntax error.
  const lua::Chunk& flow(std::string_view name) const;

  /// Names of all files under scripts/ that may be flows, sorted; those under _folders are left out.
  std::vector<std::string> flow_names() const;

 private:
  Bundle() = default;
  void seal();
  const lua::Chunk* compiled(const std::string& file) const;

  std::map<std::string, std::string> texts_;  // "stdlib/cw/gp.lua" -> text
  std::set<std::string> added_;               // flow names of the files added
  std::string hash_;
  std::string base_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, lua::Chunk> chunks_;
};

}  // namespace cw::engine
