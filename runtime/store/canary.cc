#include "store/canary.h"

#include <array>
#include <cstdio>

#include "base/bytes.h"
#include "crypto/digest.h"

namespace cw::store {

namespace {

constexpr int64_t kEnough = 50;
constexpr double kSure = 0.01;

}  // namespace

bool is_canary(const std::string& subject, const std::string& hash, int64_t share) {
  const Bytes digest = crypto::digest(crypto::Hash::sha256, view(hash + " " + subject));
  uint64_t place = 0;
  for (size_t i = 0; i < 4; ++i) place = place << 8 | digest[i];
  // place / 2^32 < share / kWhole.
  return place * static_cast<uint64_t>(kWhole) < static_cast<uint64_t>(share) << 32;
}

bool does_worse(const Canary& canary) { return canary.own.all() >= kEnough && p_of(canary) < kSure; }

std::string p_text(const Canary& canary) {
  std::array<char, 32> p{};
  std::snprintf(p.data(), p.size(), "%.2g", p_of(canary));
  return p.data();
}

std::string numbers_of(const Canary& canary) {
  return std::to_string(canary.own.bad) + " of " + std::to_string(canary.own.all()) + " runs failed, and " +
         std::to_string(canary.others.bad) + " of " + std::to_string(canary.others.all()) +
         " others; p = " + p_text(canary);
}

}  // namespace cw::store
