// SCP01 (GPCS appendix D, deprecated): session keys from both challenges, C-MAC by full triple DES.
#include "base/error.h"
#include "base/hex.h"
#include "des_channel_private.h"

namespace cw::gp {

namespace {

/// Derivation data of D.3.1: the halves of both challenges interleaved.
Bytes derivation_data(ByteView host_challenge, ByteView card_challenge) {
  return concat({card_challenge.subspan(4, 4), host_challenge.subspan(0, 4), card_challenge.subspan(0, 4),
                 host_challenge.subspan(4, 4)});
}

}  // namespace

std::unique_ptr<ChannelBase> open_scp01(const crypto::KeySet& keys, ByteView host_challenge,
                                        const InitializeUpdateAnswer& answer, uint8_t level,
                                        const ChannelOptions& options) {
  // 05: ICV as it is. 15: ICV encrypted. There are no others with explicit initiation (table D-1).
  const uint8_t i = options.i.value_or(0x05);
  if (i != 0x05 && i != 0x15) {
    throw Error(ErrorKind::channel, "opening a channel: SCP01 with i=" + to_hex(i) + " is unknown; it has 05 and 15");
  }
  check_level(level, {0x00, 0x01, 0x03}, "SCP01");

  const Bytes data = derivation_data(host_challenge, answer.card_challenge);
  DesSession session{.scp = Scp::scp01,
                     .i = i,
                     .level = level,
                     .icv_encryption = i == 0x15,
                     .enc = keys.enc->scp01_session(data),
                     .mac = keys.mac->scp01_session(data),
                     .dek = keys.dek};
  check_card_cryptogram(keys, answer, session.enc.mac({}, {host_challenge, answer.card_challenge}));
  const crypto::Block8 cryptogram = session.enc.mac({}, {answer.card_challenge, host_challenge});
  session.host_cryptogram.assign(cryptogram.begin(), cryptogram.end());
  return std::make_unique<DesChannel>(std::move(session));
}

}  // namespace cw::gp
