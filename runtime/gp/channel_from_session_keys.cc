#include "gp/channel_from_session_keys.h"

#include "base/error.h"
#include "des_channel_private.h"
#include "scp03_private.h"

namespace cw::gp {

namespace {

/// Keyed with S-RMAC exactly if the level has R-MAC.
template <typename Cipher>
std::optional<Cipher> rmac_cipher(const SessionStart& start, const SessionKeys& keys) {
  if (!(start.level & kRmac)) return {};
  return Cipher(keys.rmac);
}

std::shared_ptr<const crypto::Key> dek_of(const SessionKeys& keys) {
  return keys.dek.empty() ? nullptr : crypto::make_key(keys.dek_type, keys.dek);
}

std::unique_ptr<ChannelBase> make_scp03(const SessionStart& start, const SessionKeys& keys) {
  return std::make_unique<Scp03>(Scp03Session{.i = start.i,
                                              .level = start.level,
                                              .mac_size = start.s16 ? size_t{16} : size_t{8},
                                              .encrypt_empty_data = start.encrypt_empty_data,
                                              .enc = crypto::Aes(keys.enc),
                                              .mac = crypto::Aes(keys.mac),
                                              .rmac = rmac_cipher<crypto::Aes>(start, keys),
                                              .dek = dek_of(keys),
                                              .host_cryptogram = start.host_cryptogram});
}

std::unique_ptr<ChannelBase> make_des(const SessionStart& start, const SessionKeys& keys) {
  return std::make_unique<DesChannel>(DesSession{.scp = start.scp,
                                                 .i = start.i,
                                                 .level = start.level,
                                                 .icv_encryption = (start.i & 0x10) != 0,
                                                 .enc = crypto::Des(keys.enc),
                                                 .mac = crypto::Des(keys.mac),
                                                 .rmac = rmac_cipher<crypto::Des>(start, keys),
                                                 .dek = dek_of(keys),
                                                 .host_cryptogram = start.host_cryptogram});
}

}  // namespace

std::unique_ptr<Channel> channel_from_session_keys(const SessionStart& start, const SessionKeys& keys) {
  auto channel = start.scp == Scp::scp03 ? make_scp03(start, keys) : make_des(start, keys);
  if (start.host_cryptogram.empty()) channel->assume_authenticated(start.commands_before);
  return channel;
}

}  // namespace cw::gp
