#include "base/utc_text.h"

#include <array>
#include <ctime>

namespace cw {

std::string utc_text(int64_t ms) {
  const std::time_t time = ms / 1000;
  struct tm utc {};
  if (::gmtime_r(&time, &utc) == nullptr) return std::to_string(ms) + " ms";
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text.data();
}

}  // namespace cw
