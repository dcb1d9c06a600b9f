// The simulated card takes any bytes: process() neither throws nor crashes, with or without a session. The input is a
// sequence of commands, each with its length in front; a session at level 00 is opened first if the first byte is odd,
// and, if its second bit is set, in a domain with Delegated Management, below an ISD that checks tokens.
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

void expect_done(cw::se::Card& card, Bytes command) {
  const Bytes answer = card.process(command);
  if (answer.size() < 2 || answer[answer.size() - 2] != 0x90) __builtin_trap();
}

/// A command with its data, and Lc.
Bytes with_data(const char* header, const Bytes& data) {
  Bytes out = cw::from_hex(header);
  out.push_back(static_cast<uint8_t>(data.size()));
  cw::append(out, data);
  return out;
}

/// One AES key of a PUT KEY, the published one, under itself.
Bytes put_key_item() {
  const Bytes key = cw::from_hex("404142434445464748494A4B4C4D4E4F");
  Bytes out = {0x88, 0x11, 0x10};
  cw::append(out, Aes(cw::Secret::copy(key)).cbc_encrypt({}, ByteView(key)));
  cw::append(out, cw::from_hex("03504A77"));
  return out;
}

/// The memory of a card with token and receipt key in the ISD, and a keyed domain with Delegated Management.
std::string delegated_card() {
  cw::se::Card card(cw::se::flavor("generic"));
  card.reset();
  open_session(card);
  expect_done(card, with_data("80D80001", cw::concat({Bytes{0x70}, put_key_item()})));
  expect_done(card, with_data("80D80001", cw::concat({Bytes{0x71}, put_key_item()})));
  expect_done(card,
              with_data("80E60C00", cw::from_hex("07A000000151535008A00000015153504108F06361726477000103A0000002C900"
                                                 "00")));
  expect_done(card, cw::from_hex("00A4040008F063617264770001"));
  open_session(card);
  const Bytes key = put_key_item();
  expect_done(card, with_data("80D80081", cw::concat({Bytes{0x30}, key, key, key})));
  return card.save();
}

cw::se::Card card_for(uint8_t first) {
  static const std::string delegated = delegated_card();
  const bool in_domain = (first & 2) != 0;
  cw::se::Card card = in_domain ? cw::se::Card::load(delegated) : cw::se::Card(cw::se::flavor("generic"));
  card.reset();
  if (in_domain) expect_done(card, cw::from_hex("00A4040008F063617264770001"));
  if ((first & 1) != 0) open_session(card);
  return card;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteView input(data, size);
  if (input.empty()) return 0;
  cw::se::Card card = card_for(input[0]);
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
