// Moments as messages, tables and files show them.
//
// Thread rule: plain functions.
#pragma once

#include <cstdint>
#include <string>

namespace cw {

/// "2026-03-01T12:00:00Z" of milliseconds since 1970; their number where no calendar has it.
std::string utc_text(int64_t ms);

}  // namespace cw
