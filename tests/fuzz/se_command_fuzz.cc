// The simulated card takes any bytes: process() neither throws nor crashes, with or without a session. The input is a
// sequence of commands, each with its length in front; a session at level 00 is opened first if the first byte is odd.
#include "base/hex.h"
#include "crypto/aes.h"
#include "se/card.h"

namespace {

using cw::Bytes;
using cw::ByteView;
using cw::crypto::Aes;

// SCP03 in a few lines (Amd D 4.1.5): one block of the derivation is enough for AES-128.
cw::crypto::Block16 derive(const Aes& key, uint8_t constant, uint8_t bits, ByteView context) {
  std::array<uint8_t, 16> head{};
  head[11] = constant;
  head[14] = bits;
  head[15] = 1;
  return key.cmac({head, context});
}

void open_session(cw::se::Card& card) {
  const Bytes answer = card.process(cw::from_hex("8050300008111111111111111100"));
  Bytes context(8, 0x11);
  cw::append(context, ByteView(answer).subspan(13, 8));
  const Aes key(cw::Secret::take(cw::from_hex("404142434445464748494A4B4C4D4E4F")));
  const Aes mac(cw::Secret::copy(derive(key, 0x06, 128, context)));
  Bytes command = cw::from_hex("8482000010");
  cw::append(command, ByteView(derive(mac, 0x01, 64, context)).first(8));
  const cw::crypto::Block16 chaining{};
  cw::append(command, ByteView(mac.cmac({chaining, command})).first(8));
  if (card.process(command) != cw::from_hex("9000")) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteView input(data, size);
  if (input.empty()) return 0;
  cw::se::Card card(cw::se::flavor("generic"));
  card.reset();
  if ((input[0] & 1) != 0) open_session(card);
  input = input.subspan(1);
  while (!input.empty()) {
    const size_t length = std::min<size_t>(input[0], input.size() - 1);
    const Bytes answer = card.process(input.subspan(1, length));
    if (answer.size() < 2) __builtin_trap();
    input = input.subspan(1 + length);
  }
  cw::se::Card::load(card.save());
  return 0;
}
