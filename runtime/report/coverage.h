// What a run of tests has seen: how often each command got each class of status word, on each flavor; and how long the
// reader took over it.
//
// Pure functions.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/results.h"

namespace cw::report {

/// Classes of status words (ISO/IEC 7816-4, table 6). `other` is what the standards leave open, as 91xx.
enum class StatusClass : uint8_t {
  ok,            // 9000
  more,          // 61xx
  warning,       // 62xx, 63xx
  execution,     // 64xx to 66xx
  length,        // 67xx
  cla_function,  // 68xx
  not_allowed,   // 69xx
  parameters,    // 6Axx
  rest,          // 6Bxx to 6Fxx
  other,
  none,  // no answer came
};
constexpr size_t kStatusClasses = 11;

StatusClass class_of(std::optional<uint16_t> sw);
/// "9000", "62/63xx", "no answer".
const char* name_of(StatusClass status);
/// What the class says: "wrong parameters or data".
const char* meaning_of(StatusClass status);

struct Seen {
  std::string name{};  // of the command
  std::string flavor{};
  std::array<size_t, kStatusClasses> counts{};
};
/// By name, then flavor.
std::vector<Seen> coverage(const Results& results);

struct Timing {
  std::string name{};
  size_t count = 0;
  std::chrono::nanoseconds median{}, p95{}, max{}, total{};
};
/// Of each command, that with the greatest total first.
std::vector<Timing> timing(const Results& results);

}  // namespace cw::report
