// A bundle read from a folder with nothing let through that another machine could read differently: to be built into a
// file.
//
// Thread rule: plain functions.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/bundle.h"

namespace cw::engine {

struct BundleFolder {
  std::shared_ptr<const Bundle> bundle{};
  std::vector<std::string> left_out{};  // files that are no .lua, below the folder
};

/// Reads `folder`/scripts, and `folder`/stdlib or, where there is none, `stdlib`. Raises usage: no scripts there, a
/// folder that cannot be read; script: a name, a text, a link or a size that no bundle has.
BundleFolder read_bundle_folder(const std::filesystem::path& folder, const std::filesystem::path& stdlib);

}  // namespace cw::engine
