// SCP02 (GPCS appendix E, deprecated): session keys from a sequence counter, C-MAC by the retail MAC.
//
// i, bit by bit (table E-1), and what is supported:
//
//   01  three static keys; else one base key       both: a base key is taken from ENC
//   02  C-MAC on the unmodified APDU               not supported (belongs to implicit initiation)
//   04  explicit initiation                        needed: implicit initiation has no INITIALIZE UPDATE
//   08  first ICV is a MAC over the AID            not supported (belongs to implicit initiation)
//   10  ICV encryption                             both
//   20  R-MAC                                      both: levels 11 and 13 need it
//   40  pseudo-random card challenge               both: checked if the AID is known
//   80  reserved                                   not supported
#include <algorithm>

#include "base/error.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "crypto/kdf.h"
#include "des_channel_private.h"

namespace cw::gp {

namespace {

constexpr uint8_t kThreeKeys = 0x01, kExplicit = 0x04, kIcvEncryption = 0x10, kRmacSupport = 0x20, kPseudoRandom = 0x40;
constexpr uint8_t kUnsupported = 0x02 | 0x08 | 0x80;

/// Derivation constants of E.4.1.
enum Constant : uint16_t { kCMac = 0x0101, kRMac = 0x0102, kDek = 0x0181, kEnc = 0x0182 };

void check_options(uint8_t i, uint8_t level) {
  if (!(i & kExplicit) || i & kUnsupported) {
    throw Error(ErrorKind::channel, "opening a channel: SCP02 with i=" + to_hex(i) +
                                        " is not supported; only explicit initiation with the C-MAC on the modified "
                                        "APDU is: 04, 05, 14, 15 and these with 20 (R-MAC) or 40 (pseudo-random "
                                        "challenge)");
  }
  const std::string protocol = "SCP02 with i=" + to_hex(i);
  if (i & kRmacSupport) {
    check_level(level, {0x00, 0x01, 0x03, 0x11, 0x13}, protocol);
  } else {
    check_level(level, {0x00, 0x01, 0x03}, protocol);
  }
}

}  // namespace

std::unique_ptr<ChannelBase> open_scp02(const crypto::KeySet& keys, ByteView host_challenge,
                                        const InitializeUpdateAnswer& answer, uint8_t level,
                                        const ChannelOptions& options) {
  const uint8_t i = options.i.value_or(0x15);
  check_options(i, level);

  const auto counter = static_cast<uint16_t>(read_be(answer.sequence_counter));
  const crypto::Key& static_mac = i & kThreeKeys ? *keys.mac : *keys.enc;
  const std::shared_ptr<const crypto::Key>& static_dek = i & kThreeKeys ? keys.dek : keys.enc;
  DesSession session{.scp = Scp::scp02,
                     .i = i,
                     .level = level,
                     .icv_encryption = (i & kIcvEncryption) != 0,
                     .enc = keys.enc->scp02_session(kEnc, counter),
                     .mac = static_mac.scp02_session(kCMac, counter)};

  // E.4.2: cryptograms run over the sequence counter and the 6-byte challenge.
  const Bytes card_part = concat({answer.sequence_counter, answer.card_challenge});
  check_card_cryptogram(keys, answer, session.enc.mac({}, {host_challenge, card_part}));
  if (i & kPseudoRandom && !options.aid.empty()) {
    const crypto::Block8 mac = session.mac.retail_mac({}, {options.aid});
    check_card_challenge(answer, ByteView(mac).first(6));
  }
  const crypto::Block8 cryptogram = session.enc.mac({}, {card_part, host_challenge});
  session.host_cryptogram.assign(cryptogram.begin(), cryptogram.end());
  if (level & kRmac) session.rmac = static_mac.scp02_session(kRMac, counter);
  if (static_dek && static_dek->type() == crypto::KeyType::des) {
    session.dek = static_dek->derive(crypto::Derivation::cbc, crypto::scp02_block(kDek, counter));
  }
  return std::make_unique<DesChannel>(std::move(session));
}

}  // namespace cw::gp
