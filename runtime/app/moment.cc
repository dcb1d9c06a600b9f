#include "app/moment.h"

#include <charconv>
#include <chrono>
#include <ctime>

#include "base/error.h"

namespace cw::app {

int64_t now_ms() {
  using std::chrono::milliseconds, std::chrono::system_clock;
  return std::chrono::duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

int64_t parse_age(const std::string& text) {
  constexpr int64_t kMinute = 60'000;
  constexpr int64_t kMost = 100 * 365;  // of whatever unit: no sum overflows
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string unit(end, text.data() + text.size());
  const int64_t factor = unit == "d" ? 24 * 60 * kMinute : unit == "h" ? 60 * kMinute : unit == "m" ? kMinute : 0;
  if (error != std::errc() || factor == 0 || number < 0 || number > kMost) {
    throw Error(ErrorKind::usage, "'" + text + "' is no age: write a number up to " + std::to_string(kMost) +
                                      " and d, h or m, as in 90d for days");
  }
  return number * factor;
}

int64_t parse_moment(const std::string& text, int64_t now) {
  for (const char* format : {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"}) {
    struct tm utc {};
    const char* end = ::strptime(text.c_str(), format, &utc);
    if (end == nullptr || *end != '\0') continue;
    const struct tm said = utc;
    const std::time_t out = ::timegm(&utc);  // which makes the 2nd of March of the 30th of February
    if (said.tm_mday == utc.tm_mday && said.tm_mon == utc.tm_mon && said.tm_sec == utc.tm_sec)
      return int64_t{out} * 1000;
    throw Error(ErrorKind::usage, "'" + text + "' is no moment: no calendar has that day and time");
  }
  if (text.find('-') == std::string::npos) return now + parse_age(text);
  throw Error(ErrorKind::usage,
              "'" + text + "' is no moment: write 2027-01-01, 2027-01-01T12:00:00Z, or an age from now on, as in 90d");
}

}  // namespace cw::app
