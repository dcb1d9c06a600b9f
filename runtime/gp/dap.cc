#include "gp/dap.h"

#include "base/error.h"
#include "card/tlv.h"

namespace cw::gp {

Bytes dap_block(const DapBlock& dap) {
  if (dap.sd_aid.size() < 5 || dap.sd_aid.size() > 16) {
    throw Error(ErrorKind::usage, "DAP block: AID of the security domain has " + std::to_string(dap.sd_aid.size()) +
                                      " bytes, an AID has 5 to 16");
  }
  if (dap.signature.empty()) throw Error(ErrorKind::usage, "DAP block: no signature given");
  return card::tlv(0xE2, concat({card::tlv(0x4F, dap.sd_aid), card::tlv(0xC3, dap.signature)}));
}

Bytes dap_blocks(const std::vector<DapBlock>& daps) {
  Bytes out;
  for (const DapBlock& dap : daps) append(out, dap_block(dap));
  return out;
}

}  // namespace cw::gp
