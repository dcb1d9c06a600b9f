// Symmetric keys through STORE DATA: DGI 00B9 says what they are, a DGI 8113 for each holds its value under the DEK
// (as gpshell3 writes them: one attribute template B7, one B9 for each key).
#pragma once

#include <memory>
#include <vector>

#include "gp/channel.h"

namespace cw::gp {

struct DgiKey {
  uint8_t id = 0;
  std::shared_ptr<const crypto::Key> key{};
};

struct DgiKeyAttributes {
  uint8_t version = 0;
  uint8_t access = 0;         // tag 96: 00 SD and its applications, 01 SD only (GPCS table 11-19)
  uint16_t purpose = 0x0003;  // tag 97: 0003 secure channel, 7003 DAP
};

/// All DGIs, one after the other; the caller cuts them for STORE DATA. Values are encrypted as Channel::encrypt_key
/// does. Raises usage: no keys, a key without value, keys of different type or length.
Bytes key_dgis(const Channel& channel, const DgiKeyAttributes& attributes, const std::vector<DgiKey>& keys);

}  // namespace cw::gp
