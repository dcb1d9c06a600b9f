// The figures of a service in Prometheus' text format (version 0.0.4).
//
// Plain functions.
#pragma once

#include <optional>
#include <string>

#include "service/desk.h"
#include "service/shared_counters.h"

namespace cw::service {

inline constexpr const char* kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

struct MetricsInput {
  const SharedCounters& counters;
  std::string version{};
  std::optional<StoreFigures> store{};  // nothing: it does not answer
  double store_seconds = 0;             // that the answer took
};
std::string metrics_text(const MetricsInput& input);

}  // namespace cw::service
