// Card production life cycle data: tag 9F7F, 42 bytes of fixed fields. Dates are year's last digit and day, as BCD on
// good days; many cards put other things there, so fields stay bytes.
#pragma once

#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace cw::gp {

struct CplcField {
  std::string_view name;  // "ic_fabricator", "ic_serial_number", ...
  Bytes value{};
};

/// All 18 fields in order; `data` with or without its tag and length. Raises card: not 42 bytes.
std::vector<CplcField> parse_cplc(ByteView data);

}  // namespace cw::gp
