// The report as one page of HTML: results, traces, faults, timing, coverage. Style, script and data are in it; it asks
// for nothing from anywhere, works from a file, and without JavaScript still lists cases and failures (decision 0012).
//
// Pure function.
#pragma once

#include <string>

#include "report/results.h"

namespace cw::report {

/// The whole file.
std::string html(const Results& results);

}  // namespace cw::report
