// The trace of a case as lines of text: a line per event, and below the one that failed what was sent and answered.
//
// Pure functions.
#pragma once

#include <string>
#include <vector>

#include "report/results.h"

namespace cw::report {

struct TraceLine {
  std::string text{};
  bool failing = false;  // the event that failed, or a line below it
  bool event = true;     // else one that belongs to the event above
};

/// Which events of a case to show: `begin` to `end`, this one not.
struct TraceRange {
  size_t begin = 0;
  size_t end = 0;
};

/// Some `before` and `after` the event that failed; nothing where the failure names none and there are no events. Where
/// it names none, the last.
TraceRange around_failure(const Case& one, size_t before = 5, size_t after = 2);

/// Lines of at most `width` columns; 0: no limit. `utf8`: with the signs that ASCII lacks.
std::vector<TraceLine> trace_lines(const Case& one, TraceRange range, size_t width = 0, bool utf8 = false);

}  // namespace cw::report
