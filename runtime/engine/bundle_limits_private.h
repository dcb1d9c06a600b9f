// What a bundle that is carried as a file may hold.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cw::engine {

inline constexpr size_t kBundleFileLimit = 256u << 10;
inline constexpr size_t kBundleFileCount = 4096;
inline constexpr size_t kBundleLimit = 16u << 20;  // all files together

/// What is wrong with the name of a file in a bundle; empty: nothing. A good one is scripts/ or stdlib/, then words of
/// letters, digits, _ and - with a / between, then .lua; 100 characters at most.
std::string odd_name(std::string_view name);

/// What is wrong with a text; empty: nothing. It is UTF-8 without control characters but tab and line ends.
std::string not_text(std::string_view text);

}  // namespace cw::engine
