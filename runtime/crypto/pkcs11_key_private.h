// A key of a token. Everything that follows from it and is a key again stays in the token; what leaves is cipher text,
// MACs and cryptograms.
//
// Safe from any thread.
#pragma once

#include <mutex>
#include <optional>

#include "crypto/aes.h"
#include "pkcs11_object_private.h"

namespace cw::crypto {

class Pkcs11Key final : public Key {
 public:
  /// `name` for errors: "isd.enc in token 'cardwright'".
  Pkcs11Key(std::shared_ptr<Pkcs11Object> object, std::string name)
      : object_(std::move(object)), name_(std::move(name)) {}

  const std::shared_ptr<Pkcs11Object>& object() const { return object_; }

  KeyType type() const override { return object_->shape().type; }
  size_t size() const override { return object_->shape().size; }
  Bytes kcv() const override;

  Bytes derive_scp03_data(uint8_t constant, ByteView context, unsigned bits) const override;
  Aes scp03_session(uint8_t constant, ByteView context) const override;
  Des scp02_session(uint16_t constant, uint16_t sequence_counter) const override;
  Des scp01_session(ByteView data) const override;
  std::shared_ptr<const Key> derive(Derivation how, ByteView data) const override;

  Bytes encrypt(const Secret& blocks) const override;
  Secret decrypt(ByteView blocks) const override;
  Bytes wrap(WrapForm form, const Key& key) const override;
  std::shared_ptr<const Key> unwrap(WrapForm form, KeyType type, size_t size, ByteView wrapped) const override;

  /// Of a key that the token lets out: wrapped under a key for this one time, and unwrapped here. Raises usage: it
  /// keeps it.
  Secret material() const override;

  // Keys that would be of this process: raise usage.
  Secret derive_scp03_key(uint8_t constant, ByteView context, unsigned bits) const override;
  Secret derive_scp02_key(uint16_t constant, uint16_t sequence_counter) const override;
  Secret encrypt_to_secret(ByteView data) const override;
  Secret cmac_to_secret(ByteView data) const override;

 private:
  /// What CMAC adds to a last block that is whole. On the token's thread.
  const Block16& subkey(Pkcs11Session& session) const;
  /// The data that ECB turns into what CMAC makes of each 16 bytes of `data`, or of an SCP03 derivation.
  Bytes cmac_input(Pkcs11Session& session, ByteView data) const;
  Bytes scp03_input(Pkcs11Session& session, uint8_t constant, ByteView context) const;
  std::shared_ptr<Pkcs11Object> imported(Pkcs11Session& session, const Secret& bytes, KeyType type) const;
  [[noreturn]] void keep(const char* what) const;
  void need(KeyType type, const char* what) const;

  std::shared_ptr<Pkcs11Object> object_;
  std::string name_;
  mutable std::optional<Block16> subkey_{};  // the token's thread alone
  mutable uint64_t subkey_login_ = 0;        // since which it holds
  mutable uint64_t kcv_login_ = 0;
  mutable std::mutex mutex_;
  mutable Bytes kcv_{};
};

}  // namespace cw::crypto
