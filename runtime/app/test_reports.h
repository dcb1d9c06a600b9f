// The reports of one `cardwright test`: on standard output as cases end, in files at the end.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "report/results.h"
#include "report/summary.h"
#include "report/tap.h"

namespace cw::app {

class TestReports {
 public:
  struct Options {
    std::string format{};  // "summary", "tap"; empty: as standard output is a terminal or not
    std::optional<std::filesystem::path> junit{};
    std::optional<std::filesystem::path> html{};
    size_t slowest = 0;
  };

  /// Raises usage: a report file that cannot be written. Before anything is played.
  TestReports(const Options& options, uint64_t seed);

  /// Events of passed cases too.
  bool wants_events() const { return options_.junit || options_.html; }

  /// TAP goes to standard output.
  bool for_machines() const { return tap_.has_value(); }

  void begin();
  void add(report::Case one);
  /// Raises usage: a file that cannot be written.
  void end(bool interrupted);

  const report::Results& results() const { return results_; }

 private:
  using Clock = std::chrono::steady_clock;

  Options options_;
  std::optional<report::Tap> tap_{};
  std::optional<report::Summary> summary_{};
  report::Results results_{};
  Clock::time_point begin_ = Clock::now();
};

}  // namespace cw::app
