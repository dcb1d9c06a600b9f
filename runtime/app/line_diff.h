// What differs between two lists of lines, in their order.
//
// Thread rule: plain functions.
#pragma once

#include <string>
#include <vector>

namespace cw::app {

struct LineChange {
  bool added = false;  // else removed
  std::string line{};
};

/// The fewest lines to take out of `before` and to put in, so that `after` comes out.
std::vector<LineChange> diff_lines(const std::vector<std::string>& before, const std::vector<std::string>& after);

}  // namespace cw::app
