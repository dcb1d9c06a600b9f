// What all protocols' channels have in common: i, level, DEK, and the states authenticating -> open -> broken.
#pragma once

#include <string>

#include "dek_private.h"
#include "gp/channel.h"

namespace cw::gp {

class ChannelBase : public Channel {
 public:
  uint8_t i() const final { return i_; }
  uint8_t level() const final { return level_; }

  card::Apdu external_authenticate() final;
  card::Apdu wrap(const card::Apdu& plain) final;
  card::Apdu wrap(const card::Apdu& header, const Secret& data) final;
  card::Response unwrap(const card::Response& wrapped) final;
  card::Response unwrap_at(const Mark& mark, const card::Response& wrapped) final;
  Mark mark() const final;
  void restore(const Mark& mark) final;
  void take_up(const Mark& mark) final;

  Bytes encrypt_key(const crypto::Key& key) const final { return dek_.encrypt_key(key); }
  Bytes encrypt_data(const Secret& data) const final { return dek_.encrypt_data(data); }

  /// For session keys from elsewhere: EXTERNAL AUTHENTICATE was sent by somebody else.
  void assume_authenticated(uint32_t commands_before);

 protected:
  ChannelBase(uint8_t i, uint8_t level, Dek dek, Bytes host_cryptogram);

  bool has(Level bit) const { return (level_ & bit) != 0; }
  /// The command with C-MAC, and encrypted if the level says so. Moves the chaining value, or raises usage and moves
  /// nothing. `secret` is taken instead of plain.data when set; then C-ENC is on. `number` counts the wrapped commands
  /// from 1: SCP03's encryption counter.
  virtual card::Apdu protect(const card::Apdu& plain, const Secret* secret, uint32_t number) = 0;
  /// EXTERNAL AUTHENTICATE with C-MAC, never encrypted.
  virtual card::Apdu protect_authenticate(const card::Apdu& plain) = 0;
  /// The answer checked and decrypted, for the command of that mark. Raises channel through refuse().
  virtual card::Response open_response(const Mark& mark, const card::Response& wrapped) = 0;
  virtual Bytes chaining() const = 0;
  virtual void set_chaining(const Bytes& value) = 0;
  /// What the next answer's R-MAC chains to, where it does.
  virtual Bytes response_chaining() const { return {}; }
  virtual void set_response_chaining(const Bytes& /*value*/) {}

  [[noreturn]] static void refuse(const std::string& why);

 private:
  enum class State { authenticating, open, broken };
  void require_open(const char* doing) const;
  card::Apdu protect_next(const card::Apdu& plain, const Secret* secret);

  uint8_t i_;
  uint8_t level_;
  Dek dek_;
  Bytes host_cryptogram_;
  State state_ = State::authenticating;
  uint32_t counter_ = 0;
};

/// The whole of Channel::open for each protocol, after the checks that they share.
std::unique_ptr<ChannelBase> open_scp01(const crypto::KeySet& keys, ByteView host_challenge,
                                        const InitializeUpdateAnswer& answer, uint8_t level,
                                        const ChannelOptions& options);
std::unique_ptr<ChannelBase> open_scp02(const crypto::KeySet& keys, ByteView host_challenge,
                                        const InitializeUpdateAnswer& answer, uint8_t level,
                                        const ChannelOptions& options);
std::unique_ptr<ChannelBase> open_scp03(const crypto::KeySet& keys, ByteView host_challenge,
                                        const InitializeUpdateAnswer& answer, uint8_t level,
                                        const ChannelOptions& options);

/// Raises channel: the card's cryptogram is not `expected`.
void check_card_cryptogram(const crypto::KeySet& keys, const InitializeUpdateAnswer& answer, ByteView expected);
/// Raises channel: the card's challenge is not `expected`.
void check_card_challenge(const InitializeUpdateAnswer& answer, ByteView expected);
/// Raises channel: `level` is none of `levels`; `protocol` names it, "SCP02 with i=15".
void check_level(uint8_t level, std::initializer_list<uint8_t> levels, const std::string& protocol);

}  // namespace cw::gp
