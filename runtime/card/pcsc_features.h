// What a reader says of itself (PC/SC part 10, 2.2 and 2.6.14): features, and the longest APDU it takes.
#pragma once

#include <optional>

#include "base/bytes.h"

namespace cw::card {

/// The control code of a feature in the answer to CM_IOCTL_GET_FEATURE_REQUEST; nothing: the reader has it not.
std::optional<uint32_t> pcsc_feature(ByteView features, uint8_t feature);

/// dwMaxAPDUDataSize in the answer to FEATURE_GET_TLV_PROPERTIES: 0 is short APDUs only; nothing: the reader does not
/// say.
std::optional<uint32_t> max_apdu_data(ByteView properties);

}  // namespace cw::card
