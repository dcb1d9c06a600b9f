// What a return code of PC/SC means, in words: what went wrong, the likely cause, what to do next. A number is never
// shown alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace cw::card {

/// "SCARD_E_NO_SERVICE"; "a code PC/SC does not know" for others.
std::string_view pcsc_code_name(uint32_t code);

/// One line, kind reader: "reader NAME: opening the card: another program holds the card; end it, and try again
/// (SCARD_E_SHARING_VIOLATION, 8010000B)". `reader` may be empty: what went wrong has to do with none.
Error pcsc_error(const std::string& reader, std::string_view doing, uint32_t code);

}  // namespace cw::card
