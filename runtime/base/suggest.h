// "did you mean ...": the nearest of some names to one that was not found.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cw {

/// The candidate with the fewest edits to `name`, if that is at most a third of its length (and at least one edit is
/// allowed); else empty.
std::string nearest(std::string_view name, const std::vector<std::string>& candidates);

/// "; did you mean 'x'?", or empty.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace cw
