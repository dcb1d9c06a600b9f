// Names with * in them.
#pragma once

#include <string>

namespace cw {

/// Whether `name` matches `pattern`, in which * is any run of characters.
bool matches_pattern(const std::string& pattern, const std::string& name);

}  // namespace cw
