#include "gp/channel.h"

#include "base/error.h"
#include "channel_base_private.h"

namespace cw::gp {

namespace {

void check_keys(const crypto::KeySet& keys, Scp scp) {
  if (!keys.diversification.empty()) {
    throw Error(ErrorKind::usage, "opening a channel: key set '" + keys.name + "' holds master keys; diversify them (" +
                                      keys.diversification + ") with the card's diversification data first");
  }
  if (!keys.enc || !keys.mac) {
    throw Error(ErrorKind::usage, "opening a channel: key set '" + keys.name + "' has no ENC or no MAC key");
  }
  const crypto::KeyType wanted = scp == Scp::scp03 ? crypto::KeyType::aes : crypto::KeyType::des;
  if (keys.enc->type() != wanted || keys.mac->type() != wanted) {
    throw Error(ErrorKind::channel, "opening a channel: the card speaks SCP0" + std::to_string(static_cast<int>(scp)) +
                                        ", which needs " + (scp == Scp::scp03 ? "AES" : "DES") + " keys; key set '" +
                                        keys.name + "' holds others");
  }
}

}  // namespace

std::unique_ptr<Channel> Channel::open(const crypto::KeySet& keys, ByteView host_challenge,
                                       const InitializeUpdateAnswer& answer, uint8_t level,
                                       const ChannelOptions& options) {
  check_keys(keys, answer.scp);
  if (host_challenge.size() != (answer.s16 ? 16 : 8)) {
    throw Error(ErrorKind::usage, "opening a channel: host challenge of " + std::to_string(host_challenge.size()) +
                                      " bytes is not the one that the card answered");
  }
  switch (answer.scp) {
    case Scp::scp01:
      return open_scp01(keys, host_challenge, answer, level, options);
    case Scp::scp02:
      return open_scp02(keys, host_challenge, answer, level, options);
    case Scp::scp03:
      return open_scp03(keys, host_challenge, answer, level, options);
  }
  throw Error(ErrorKind::internal, "opening a channel: unknown protocol");
}

}  // namespace cw::gp
