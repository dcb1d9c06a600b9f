#include "crypto/kdf.h"

#include <algorithm>

namespace cw::crypto {

std::array<uint8_t, 16> scp03_head(uint8_t constant, size_t size, uint8_t counter) {
  // Label (11 zeros and the constant), separator 00, length in bits (2 bytes), counter.
  std::array<uint8_t, 16> head{};
  head[11] = constant;
  head[13] = static_cast<uint8_t>(size * 8 >> 8);
  head[14] = static_cast<uint8_t>(size * 8);
  head[15] = counter;
  return head;
}

std::array<uint8_t, 16> scp02_block(uint16_t constant, uint16_t sequence_counter) {
  std::array<uint8_t, 16> block{};
  block[0] = static_cast<uint8_t>(constant >> 8);
  block[1] = static_cast<uint8_t>(constant);
  block[2] = static_cast<uint8_t>(sequence_counter >> 8);
  block[3] = static_cast<uint8_t>(sequence_counter);
  return block;
}

void scp03_derive(const Aes& key, uint8_t constant, ByteView context, std::span<uint8_t> out) {
  std::array<uint8_t, 16> head = scp03_head(constant, out.size(), 0);
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
