// Data fields of GlobalPlatform commands: fields one after the other, each as length and value or as TLV (GPCS 11).
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "card/tlv.h"

namespace cw::gp {

struct CommandField {
  std::optional<card::Tag> tag{};  // TLV with this tag; none: length and value
  Bytes value{};
};

/// Empty fields stay: 00 for length-value, C9 00 for TLV.
Bytes command_data(const std::vector<CommandField>& fields);

}  // namespace cw::gp
