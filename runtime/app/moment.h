// Moments and ages as people write them.
//
// Thread rule: plain functions.
#pragma once

#include <cstdint>
#include <string>

#include "base/utc_text.h"

namespace cw::app {

using cw::utc_text;

/// Milliseconds since 1970, now.
int64_t now_ms();

/// Milliseconds of "90d", "12h" or "30m". Raises usage: something else.
int64_t parse_age(const std::string& text);

/// Milliseconds since 1970 of "2027-01-01", "2027-01-01T12:00:00Z", or an age from `now` on. Raises usage.
int64_t parse_moment(const std::string& text, int64_t now);

}  // namespace cw::app
