#include "base/error.h"
#include "base/hex.h"
#include "gp/channel.h"

namespace cw::gp {

namespace {

constexpr size_t kDiversificationSize = 10;
constexpr uint8_t kS16 = 0x01;           // i of SCP03: 16-byte challenges and MACs
constexpr uint8_t kPseudoRandom = 0x10;  // i of SCP03: pseudo-random challenge, sequence counter in the answer

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorKind::channel, "reading the answer to INITIALIZE UPDATE: " + why);
}

/// Takes bytes from the front; the caller has checked the whole length.
Bytes take(ByteView& rest, size_t count) {
  Bytes out = to_bytes(rest.first(count));
  rest = rest.subspan(count);
  return out;
}

void check_size(ByteView data, size_t expected, const std::string& of) {
  if (data.size() == expected) return;
  refuse(std::to_string(data.size()) + " bytes; " + of + " has " + std::to_string(expected));
}

}  // namespace

card::Apdu initialize_update(uint8_t key_version, uint8_t key_id, ByteView host_challenge) {
  if (host_challenge.size() != 8 && host_challenge.size() != 16) {
    throw Error(ErrorKind::usage, "INITIALIZE UPDATE: host challenge of " + std::to_string(host_challenge.size()) +
                                      " bytes; it has 8, or 16 for SCP03 in S16 mode");
  }
  return {0x80, 0x50, key_version, key_id, to_bytes(host_challenge), 256};
}

InitializeUpdateAnswer InitializeUpdateAnswer::parse(ByteView data, size_t host_challenge_size) {
  if (data.size() < kDiversificationSize + 2) refuse("only " + std::to_string(data.size()) + " bytes");
  InitializeUpdateAnswer out;
  ByteView rest = data;
  out.diversification_data = take(rest, kDiversificationSize);
  out.key_version = rest[0];
  const uint8_t protocol = rest[1];
  if (protocol < 1 || protocol > 3) {
    refuse("secure channel protocol " + to_hex(protocol) + "; known are 01, 02 and 03");
  }
  out.scp = static_cast<Scp>(protocol);
  rest = rest.subspan(2);
  if (out.scp != Scp::scp03) {
    check_size(data, 28, protocol == 1 ? "SCP01" : "SCP02");
    if (out.scp == Scp::scp02) out.sequence_counter = take(rest, 2);
    out.card_challenge = take(rest, out.scp == Scp::scp01 ? 8 : 6);
    out.card_cryptogram = take(rest, 8);
    return out;
  }
  if (rest.empty()) refuse("SCP03 without its parameter i");
  out.i = take(rest, 1)[0];
  out.s16 = host_challenge_size == 16;
  const size_t size = out.s16 ? 16 : 8;
  const size_t counter_size = *out.i & kPseudoRandom ? 3 : 0;
  if (!out.s16 && *out.i & kS16) {
    refuse("the card wants S16 (i=" + to_hex(*out.i) + ") and the host challenge has 8 bytes; send one of 16");
  }
  check_size(data, kDiversificationSize + 3 + 2 * size + counter_size,
             "SCP03 with i=" + to_hex(*out.i) + (out.s16 ? " and a 16-byte host challenge" : ""));
  out.card_challenge = take(rest, size);
  out.card_cryptogram = take(rest, size);
  out.sequence_counter = take(rest, counter_size);
  return out;
}

}  // namespace cw::gp
