// Every shipped flow, killed everywhere: after each kill another process takes the run up, is killed as well, and a
// third one finishes. Or at random: kills, tears, power cuts, two nodes.
//
// Owner: main(). One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bench.h"

namespace cw::journal {

struct TortureOptions {
  std::vector<std::string> flavors{"generic", "smartcafe", "jcop4", "uicc", "secora"};
  std::vector<Bench::On> engines{Bench::On::sqlite, Bench::On::postgres};
  std::string flow{};  // this one alone; empty: all
  uint64_t seed = 1;
  std::chrono::minutes minutes{0};  // of random schedules; 0: each point once
};

struct TortureCount {
  unsigned points = 0;
  unsigned failed = 0;
};

/// `say` is told of progress and of each failure, a line each.
TortureCount torture(const TortureOptions& options, const std::function<void(const std::string&)>& say);

}  // namespace cw::journal
