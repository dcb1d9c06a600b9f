// SCP03 (GPCS Amendment D): AES in S8 and S16 mode.
#pragma once

#include <optional>

#include "channel_base_private.h"
#include "crypto/aes.h"

namespace cw::gp {

struct Scp03Session {
  uint8_t i = 0;
  uint8_t level = 0;
  size_t mac_size = 8;  // 16 in S16 mode
  bool encrypt_empty_data = false;
  crypto::Aes enc;
  crypto::Aes mac;
  std::optional<crypto::Aes> rmac{};  // present exactly if the level has R-MAC
  std::shared_ptr<const crypto::Key> dek{};
  Bytes host_cryptogram{};
};

class Scp03 final : public ChannelBase {
 public:
  explicit Scp03(Scp03Session session);

  Scp scp() const override { return Scp::scp03; }
  size_t max_data() const override;

 private:
  card::Apdu protect(const card::Apdu& plain, const Secret* secret, uint32_t number) override;
  card::Apdu protect_authenticate(const card::Apdu& plain) override;
  card::Response open_response(const Mark& mark, const card::Response& wrapped) override;
  Bytes chaining() const override { return {chaining_.begin(), chaining_.end()}; }
  void set_chaining(const Bytes& value) override;

  void append_mac(const card::Apdu& plain, card::Apdu& out);

  size_t mac_size_;
  bool encrypt_empty_data_;
  crypto::Aes enc_;
  crypto::Aes mac_;
  std::optional<crypto::Aes> rmac_;
  crypto::Block16 chaining_{};  // MAC chaining value: the whole last C-MAC, also in S8 mode
};

}  // namespace cw::gp
