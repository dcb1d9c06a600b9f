// A canary: a version that a small part of the runs begins under, while all others begin under the one in use, until
// it is seen whether it does worse.
//
// Plain values and functions; safe from any thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/fisher.h"

namespace cw::store {

/// Shares are whole numbers of these.
inline constexpr int64_t kWhole = 100'000;

struct Canary {
  int64_t number = 0;  // from 1; one higher each time
  std::string hash{};
  int64_t share = 0;  // of kWhole
  int64_t begun = 0;  // milliseconds since 1970
  std::string by{};
  std::string reason{};
  Outcomes own{}, others{};  // of runs that began while it was under way, and ended
  int64_t ended = 0;         // when; 0: it is under way
  std::string ended_by{};
  std::string how{};  // "promoted", "rolled back", "replaced"
  std::string why{};
};

/// Whether a run begins under the canary: always the same for a subject, and who is in a small share is in each larger
/// one.
bool is_canary(const std::string& subject, const std::string& hash, int64_t share);

/// What a run is told apart by: the identity of its card, where that is known before it begins, else its own id.
inline const std::string& subject_of(const std::string& run, const std::string& card) {
  return card.empty() ? run : card;
}

/// How sure it is that the canary does worse than the others by no chance (Fisher's exact test, one-sided).
inline double p_of(const Canary& canary) { return fisher_worse(canary.own, canary.others); }
/// After 50 runs of the canary or more, with p < 0.01.
bool does_worse(const Canary& canary);
/// "2.1e-08".
std::string p_text(const Canary& canary);
/// "12 of 50 runs failed, and 3 of 900 others; p = 2.1e-08".
std::string numbers_of(const Canary& canary);

}  // namespace cw::store
