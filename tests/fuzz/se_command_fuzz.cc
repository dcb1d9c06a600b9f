// The simulated card takes any bytes: process() neither throws nor crashes, with or without a session. The input is a
// sequence of commands, each with its length in front; a session at level 00 is opened first if the first byte is odd.
#include "base/hex.h"
#include "crypto/key.h"
#include "gp/channel.h"
#include "se/card.h"

namespace {

void open_session(cw::se::Card& card) {
  using namespace cw;
  const auto key = crypto::make_key(crypto::KeyType::aes, Secret::take(from_hex("404142434445464748494A4B4C4D4E4F")));
  const crypto::KeySet keys{"test", 0x30, key, key, key, ""};
  const Bytes host_challenge(8, 0x11);
  const Bytes answer = card.process(gp::initialize_update(0x30, 0, host_challenge).encode());
  gp::ChannelOptions options;
  options.aid = card.flavor().isd_aid;
  const auto parsed = gp::InitializeUpdateAnswer::parse(cw::ByteView(answer).first(answer.size() - 2), 8);
  auto channel = gp::Channel::open(keys, host_challenge, parsed, 0x00, options);
  card.process(channel->external_authenticate().encode());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cw::ByteView input(data, size);
  if (input.empty()) return 0;
  cw::se::Card card(cw::se::flavor("generic"));
  card.reset();
  if ((input[0] & 1) != 0) open_session(card);
  input = input.subspan(1);
  while (!input.empty()) {
    const size_t length = std::min<size_t>(input[0], input.size() - 1);
    const cw::Bytes answer = card.process(input.subspan(1, length));
    if (answer.size() < 2) __builtin_trap();
    input = input.subspan(1 + length);
  }
  cw::se::Card::load(card.save());
  return 0;
}
