// Hours of days of the week, in UTC: when a policy lets runs begin.
//
// Plain values; safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cw::engine {

struct TimeWindow {
  uint8_t days = 0x7F;  // that it begins on; bit 0: Monday
  int from = 0;         // minutes of the day
  int to = 24 * 60;     // up to this one, which is not in it; before `from`: of the next day

  /// `ms`: since 1970.
  bool contains(int64_t ms) const;
  /// The first moment from `ms` on at which it begins.
  int64_t next_opening(int64_t ms) const;
  /// "mon-fri 08:00-18:00".
  std::string text() const;

  /// "mon", "mon-fri", "fri-mon". 0: no such days.
  static uint8_t parse_days(const std::string& text);
  /// Minutes of "08:00", up to "24:00". Below 0: no such time.
  static int parse_time(const std::string& text);
};

/// "mon-fri 08:00-18:00, sat 09:00-12:00".
std::string text_of(const std::vector<TimeWindow>& windows);
/// "Mon 2026-11-30T08:00Z".
std::string moment_text(int64_t ms);

}  // namespace cw::engine
