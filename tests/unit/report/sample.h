// Runs of tests that never were, to write reports of. The same each time.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "report/results.h"

namespace cw::report {

/// One passed, one failed in the middle of its trace, one skipped.
Results small_results();
/// As a day's work looks: scenarios on six flavors, some failed, torn flows.
Results rich_results();
/// Each field of each value filled with `text`; all three states.
Results filled_with(const std::string& text);
/// `cases` of `events` each; each 500th fails in the middle.
Results big_results(size_t cases, size_t events);
/// One case that fails in the middle of very many events.
Results long_results(size_t events);

/// What must never become anything but text: markup, ends of elements, control characters, broken UTF-8.
std::vector<std::string> hostile_texts();

}  // namespace cw::report
