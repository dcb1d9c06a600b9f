#include "crypto/kdf.h"

#include <algorithm>

namespace cw::crypto {

void scp03_derive(const Aes& key, uint8_t constant, ByteView context, std::span<uint8_t> out) {
  // Label (11 zeros and the constant), separator 00, length in bits (2 bytes), counter from 1.
  std::array<uint8_t, 16> head{};
  const size_t bits = out.size() * 8;
  head[11] = constant;
  head[13] = static_cast<uint8_t>(bits >> 8);
  head[14] = static_cast<uint8_t>(bits);
  while (!out.empty()) {
    ++head[15];
    Block16 block = key.cmac({head, context});
    const size_t taken = std::min(block.size(), out.size());
    std::copy_n(block.begin(), taken, out.begin());
    wipe(block.data(), block.size());
    out = out.subspan(taken);
  }
}

}  // namespace cw::crypto
