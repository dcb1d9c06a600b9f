// DAP blocks (GPCS 11.6.2.3, C.3): who verifies a load file, and the signature over the load file data block hash. They
// come in a LOAD before C4.
#pragma once

#include <vector>

#include "base/bytes.h"

namespace cw::gp {

struct DapBlock {
  Bytes sd_aid{};     // security domain with DAP verification privilege, 5 to 16 bytes
  Bytes signature{};  // over the load file data block hash: MAC, RSA or ECDSA as that domain's DAP key is
};

/// E2 { 4F AID, C3 signature }. Raises usage: an AID of another length, an empty signature.
Bytes dap_block(const DapBlock& dap);
/// All of them, as they stand before C4.
Bytes dap_blocks(const std::vector<DapBlock>& daps);

}  // namespace cw::gp
