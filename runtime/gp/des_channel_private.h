// What SCP01 and SCP02 have in common (GPCS appendices D and E): the C-MAC is over the plain command with its Lc
// already counting the MAC; only then the data is encrypted, and Lc changes again.
#pragma once

#include <map>
#include <optional>

#include "channel_base_private.h"
#include "crypto/des.h"

namespace cw::gp {

struct DesSession {
  Scp scp = Scp::scp02;
  uint8_t i = 0;
  uint8_t level = 0;
  bool icv_encryption = false;  // i bit 10: the last C-MAC is encrypted before it chains
  crypto::Des enc;
  crypto::Des mac;
  std::optional<crypto::Des> rmac{};  // present exactly if the level has R-MAC
  std::shared_ptr<const crypto::Key> dek{};
  Bytes host_cryptogram{};
};

class DesChannel final : public ChannelBase {
 public:
  explicit DesChannel(DesSession session);

  Scp scp() const override { return scp_; }
  size_t max_data() const override;

 private:
  card::Apdu protect(const card::Apdu& plain, const Secret* secret, uint32_t number) override;
  card::Apdu protect_authenticate(const card::Apdu& plain) override;
  card::Response open_response(const Mark& mark, const card::Response& wrapped) override;
  Bytes chaining() const override;
  void set_chaining(const Bytes& value) override;
  Bytes response_chaining() const override;
  void set_response_chaining(const Bytes& value) override;

  size_t protected_size(size_t size) const;
  crypto::Block8 icv() const;
  crypto::Block8 command_mac(const card::Apdu& plain, const Secret* secret, bool extended);
  Bytes encrypt(const card::Apdu& plain, const Secret* secret) const;
  void keep_for_response(const card::Apdu& plain, const Secret* secret, bool extended, uint32_t number);

  Scp scp_;
  bool icv_encryption_;
  crypto::Des enc_;
  crypto::Des mac_;
  std::optional<crypto::Des> rmac_;
  std::optional<crypto::Block8> last_mac_{};

  // SCP02's R-MAC covers the plain command, and its ICV is the R-MAC of the answer before: answers are taken in order,
  // and going back to a mark does not bring that value back.
  std::map<uint32_t, Secret> unanswered_{};  // by command counter
  crypto::Block8 last_rmac_{};
};

}  // namespace cw::gp
