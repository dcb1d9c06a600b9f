// Looking a flavor up by name.
#include "se/flavor.h"

#include <numeric>

#include "base/error.h"
#include "flavors_private.h"

namespace cw::se {
namespace {

// Levenshtein distance.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0]++;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

}  // namespace

const Flavor& flavor(std::string_view name) {
  const std::vector<Flavor>& all = all_flavors();
  for (const Flavor& one : all) {
    if (one.name == name) return one;
  }
  const auto nearest = std::min_element(all.begin(), all.end(), [&](const Flavor& a, const Flavor& b) {
    return distance(a.name, name) < distance(b.name, name);
  });
  std::string message = "no card flavor \"" + std::string(name.substr(0, 40)) + "\"";
  const bool near = distance(nearest->name, name) <= 2;
  message += near ? "; did you mean \"" + nearest->name + "\"? Known:" : "; known:";
  for (const Flavor& one : all) message += " " + one.name;
  throw Error(ErrorKind::usage, message);
}

std::vector<std::string> flavor_names() {
  std::vector<std::string> names;
  for (const Flavor& one : all_flavors()) names.push_back(one.name);
  return names;
}

}  // namespace cw::se
