#include "app/line_diff.h"

#include <algorithm>

namespace cw::app {

std::vector<LineChange> diff_lines(const std::vector<std::string>& before, const std::vector<std::string>& after) {
  // common[i][j]: how many lines before[i..] and after[j..] have in common, in order.
  std::vector<std::vector<size_t>> common(before.size() + 1, std::vector<size_t>(after.size() + 1, 0));
  for (size_t i = before.size(); i-- > 0;) {
    for (size_t j = after.size(); j-- > 0;) {
      common[i][j] = before[i] == after[j] ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  std::vector<LineChange> out;
  size_t i = 0, j = 0;
  while (i < before.size() || j < after.size()) {
    if (i < before.size() && j < after.size() && before[i] == after[j]) {
      ++i, ++j;
    } else if (j == after.size() || (i < before.size() && common[i + 1][j] >= common[i][j + 1])) {
      out.push_back({false, before[i++]});
    } else {
      out.push_back({true, after[j++]});
    }
  }
  return out;
}

}  // namespace cw::app
