// What session keys are derived from. SCP03 (and its cryptograms): NIST SP 800-108 in counter mode with CMAC, laid out
// as GPCS Amd D 4.1.5. SCP02: GPCS E.4.1.
#pragma once

#include "crypto/aes.h"

namespace cw::crypto {

/// Fills `out` (its length in bits is part of the input; up to 8191 bytes) from `constant` and `context`.
void scp03_derive(const Aes& key, uint8_t constant, ByteView context, std::span<uint8_t> out);

/// The 16 bytes ahead of the context in block `counter` (from 1) of a result of `size` bytes.
std::array<uint8_t, 16> scp03_head(uint8_t constant, size_t size, uint8_t counter);

/// The 16 bytes that SCP02 encrypts in CBC to a session key.
std::array<uint8_t, 16> scp02_block(uint16_t constant, uint16_t sequence_counter);

}  // namespace cw::crypto
