// The key derivation function of SCP03 (and of its cryptograms) over a keyed AES: NIST SP 800-108 in counter mode with
// CMAC, laid out as GPCS Amd D 4.1.5.
#pragma once

#include "crypto/aes.h"

namespace cw::crypto {

/// Fills `out` (its length in bits is part of the input; up to 8191 bytes) from `constant` and `context`.
void scp03_derive(const Aes& key, uint8_t constant, ByteView context, std::span<uint8_t> out);

}  // namespace cw::crypto
