// TAP for machines, version 13: a line per case as it ends, and below a failed one a block of YAML that says why.
//
// Owner: whoever runs the tests. Threads: one at a time.
#pragma once

#include <cstddef>
#include <ostream>

#include "report/results.h"

namespace cw::report {

class Tap {
 public:
  explicit Tap(std::ostream& out) : out_(out) {}

  /// "TAP version 13".
  void begin();
  /// Written out at once: who reads follows the run.
  void add(const Case& one);
  /// The plan, which may stand at the end.
  void end();
  /// "Bail out!": the run stops here. No plan follows.
  void bail_out(const std::string& reason);

 private:
  void failure(const Case& one);

  std::ostream& out_;
  size_t count_ = 0;
};

}  // namespace cw::report
