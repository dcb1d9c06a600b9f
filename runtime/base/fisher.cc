#include "base/fisher.h"

#include <algorithm>
#include <cmath>

namespace cw {

namespace {

/// log n!; std::lgamma() writes a global.
double log_factorial(int64_t n) {
  int sign = 0;
  return ::lgamma_r(static_cast<double>(n) + 1, &sign);
}

double log_choose(int64_t n, int64_t k) { return log_factorial(n) - log_factorial(k) - log_factorial(n - k); }

}  // namespace

double fisher_worse(const Outcomes& group, const Outcomes& others) {
  const int64_t size = group.all(), all = size + others.all(), bad = group.bad + others.bad;
  if (size == 0 || size == all) return 1;
  // Hypergeometric: of `all`, `bad` are bad; of the `size` drawn, so many are.
  const auto probability = [&](int64_t drawn) {
    return std::exp(log_choose(bad, drawn) + log_choose(all - bad, size - drawn) - log_choose(all, size));
  };
  const auto f = [](int64_t value) { return static_cast<double>(value); };
  const int64_t least = std::max<int64_t>(0, size - (all - bad)), most = std::min(bad, size);
  // From the observed number away from the mean: the terms only become smaller.
  if (f(group.bad) * f(all) <= f(size) * f(bad)) {
    double sum = 0;
    if (group.bad > least) {
      double term = probability(group.bad - 1);
      for (int64_t x = group.bad - 1; x >= least && term > 0; --x) {
        sum += term;
        term *= f(x) * f(all - bad - size + x) / (f(bad - x + 1) * f(size - x + 1));
      }
    }
    return std::max(0.0, 1 - sum);
  }
  double sum = 0;
  double term = probability(group.bad);
  for (int64_t x = group.bad; x <= most && term > 0; ++x) {
    sum += term;
    term *= f(bad - x) * f(size - x) / (f(x + 1) * f(all - bad - size + x + 1));
  }
  return std::min(1.0, sum);
}

}  // namespace cw
