// A run of tests for people: a line per case as it ends, then what failed and why, with the trace around the point.
//
// Owner: whoever runs the tests. Threads: one at a time.
#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

#include "base/colour.h"
#include "report/results.h"
#include "report/style.h"

namespace cw::report {

class Summary {
 public:
  Summary(std::ostream& out, const Style& style) : out_(out), style_(style) {}

  /// A line with a tick or a cross.
  void add(const Case& one);
  /// Failures, tear matrices, the `slowest` cases, what was covered; the last line is "N passed, M failed, K skipped".
  void end(const Results& results, size_t slowest = 0);

  /// One failure: expected beside actual, the likely cause, the trace around the point.
  void failure(const Case& one, size_t number);
  /// A row per command that did not converge everywhere; the last line is "N tear points, M converged".
  void matrices(const std::vector<TearMatrix>& matrices);

 private:
  std::string paint(Colour colour, const std::string& text) const;
  std::string title(const Case& one) const;
  void line(const std::string& text);
  void lines(const std::string& indent, const std::string& text);
  void beside(const std::string& expected, const std::string& actual);
  void matrix(const TearMatrix& matrix);
  void slow(const Results& results, size_t count);
  void covered(const Results& results);

  std::ostream& out_;
  Style style_;
};

}  // namespace cw::report
