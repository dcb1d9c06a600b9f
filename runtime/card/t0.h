// Command APDUs over T=0 (ISO/IEC 7816-3 12.2): what a reader wants of them.
#pragma once

#include "base/bytes.h"

namespace cw::card {

/// The TPDU of a short command APDU: case 1 gets P3 00, case 4 loses its Le, cases 2 and 3 go as they are.
/// Raises reader: an extended APDU, which T=0 does not carry.
Bytes t0_command(ByteView apdu);

}  // namespace cw::card
