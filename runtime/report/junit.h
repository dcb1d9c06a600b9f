// JUnit XML, as Jenkins and GitLab take it: a test suite per card and flavor, a test case per scenario.
//
// Pure function.
#pragma once

#include <string>

#include "report/results.h"

namespace cw::report {

/// The whole file. The trace of a failed case is its system-out, up to 2000 events around the one that failed: the
/// servers keep it in memory.
std::string junit(const Results& results);

}  // namespace cw::report
