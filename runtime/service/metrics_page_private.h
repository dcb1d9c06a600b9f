// A text in Prometheus' format as it grows.
//
// Owner: whoever writes it. One thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "service/shared_counters.h"

namespace cw::service {

using Labels = std::vector<std::pair<std::string, std::string>>;

class MetricsPage {
 public:
  /// What follows is of this name.
  void begin(const std::string& name, const char* type, const char* help);
  void put(const Labels& labels, const std::string& value) { put("", labels, value); }
  void put(const Labels& labels, uint64_t value) { put("", labels, std::to_string(value)); }
  /// `part`: of a histogram: _bucket, _sum, _count.
  void put(const char* part, const Labels& labels, const std::string& value);

  std::string text{};

 private:
  std::string name_{};
};

std::string number_text(double value);

/// Of workers that have a door for devices.
void put_devices(MetricsPage& page, const SharedCounters& counters);

}  // namespace cw::service
