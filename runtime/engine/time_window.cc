#include "engine/time_window.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

namespace cw::engine {

namespace {

constexpr int64_t kMinute = 60'000;
constexpr int64_t kDay = 24 * 60 * kMinute;
constexpr std::array<const char*, 7> kDays = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

int64_t day_of(int64_t ms) { return ms / kDay; }

/// 1 January 1970 was a Thursday.
int weekday_of(int64_t day) { return static_cast<int>((day + 3) % 7); }

int number_of(const std::string& name) {
  const auto found = std::find(kDays.begin(), kDays.end(), name);
  return found == kDays.end() ? -1 : static_cast<int>(found - kDays.begin());
}

bool has(uint8_t days, int weekday) { return (days >> weekday & 1) != 0; }

std::string time_text(int minutes) {
  std::array<char, 16> out{};
  std::snprintf(out.data(), out.size(), "%02d:%02d", minutes / 60, minutes % 60);
  return out.data();
}

std::string days_text(uint8_t days) {
  std::string out;
  for (int day = 0; day < 7; ++day) {
    if (!has(days, day)) continue;
    int last = day;
    while (last < 6 && has(days, last + 1)) ++last;
    out += (out.empty() ? "" : ",") + std::string(kDays[static_cast<size_t>(day)]);
    if (last > day) out += "-" + std::string(kDays[static_cast<size_t>(last)]);
    day = last;
  }
  return out;
}

}  // namespace

bool TimeWindow::contains(int64_t ms) const {
  const int64_t day = day_of(ms);
  const auto minute = static_cast<int>(ms % kDay / kMinute);
  const bool today = has(days, weekday_of(day)), yesterday = has(days, weekday_of(day - 1));
  if (from < to) return today && minute >= from && minute < to;
  return (today && minute >= from) || (yesterday && minute < to);
}

int64_t TimeWindow::next_opening(int64_t ms) const {
  for (int64_t day = day_of(ms);; ++day) {
    const int64_t opens = day * kDay + from * kMinute;
    if (has(days, weekday_of(day)) && opens >= ms) return opens;
  }
}

std::string TimeWindow::text() const { return days_text(days) + " " + time_text(from) + "-" + time_text(to); }

uint8_t TimeWindow::parse_days(const std::string& text) {
  const size_t dash = text.find('-');
  const int first = number_of(text.substr(0, dash));
  const int last = dash == std::string::npos ? first : number_of(text.substr(dash + 1));
  if (first < 0 || last < 0) return 0;
  uint8_t out = 0;
  for (int day = first;; day = (day + 1) % 7) {
    out = static_cast<uint8_t>(out | 1 << day);
    if (day == last) return out;
  }
}

int TimeWindow::parse_time(const std::string& text) {
  const auto digit = [&](size_t at) { return text[at] >= '0' && text[at] <= '9'; };
  if (text.size() != 5 || text[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4)) return -1;
  const int hours = (text[0] - '0') * 10 + text[1] - '0', minutes = (text[3] - '0') * 10 + text[4] - '0';
  const int out = hours * 60 + minutes;
  return minutes < 60 && out <= 24 * 60 ? out : -1;
}

std::string text_of(const std::vector<TimeWindow>& windows) {
  std::string out;
  for (const TimeWindow& window : windows) out += (out.empty() ? "" : ", ") + window.text();
  return out;
}

std::string moment_text(int64_t ms) {
  using namespace std::chrono;
  const year_month_day date{sys_days{days{day_of(ms)}}};
  std::string day = kDays[static_cast<size_t>(weekday_of(day_of(ms)))];
  day[0] = static_cast<char>(day[0] - 'a' + 'A');
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), " %04d-%02u-%02uT", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return day + out.data() + time_text(static_cast<int>(ms % kDay / kMinute)) + "Z";
}

}  // namespace cw::engine
