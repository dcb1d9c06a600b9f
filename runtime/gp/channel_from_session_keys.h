// A channel from session keys that somebody else derived: for published test vectors and tests, which give session keys
// and no opening. The runtime itself opens channels with Channel::open only, which checks the card's cryptogram.
#pragma once

#include "gp/channel.h"

namespace cw::gp {

struct SessionKeys {
  Secret enc{};   // S-ENC
  Secret mac{};   // S-MAC
  Secret rmac{};  // S-RMAC; empty: not used at this level
  Secret dek{};   // DEK of `dek_type`; empty: keys cannot be encrypted
  crypto::KeyType dek_type = crypto::KeyType::aes;
};

struct SessionStart {
  Scp scp = Scp::scp03;
  uint8_t i = 0;
  uint8_t level = 0;
  bool s16 = false;
  bool encrypt_empty_data = false;
  Bytes host_cryptogram{};       // empty: the channel is open; else external_authenticate() comes first
  uint32_t commands_before = 0;  // commands wrapped before, of an open channel
};

/// Chaining starts from zero. Raises usage: keys of a wrong length; R-MAC in the level and no S-RMAC.
std::unique_ptr<Channel> channel_from_session_keys(const SessionStart& start, const SessionKeys& keys);

}  // namespace cw::gp
