#include "crypto/key.h"

#include <mutex>

#include "base/error.h"
#include "crypto/aes.h"
#include "crypto/des.h"
#include "crypto/kdf.h"
#include "secret_bytes_private.h"

namespace cw::crypto {

namespace {

[[noreturn]] void raise_wrong_type(const char* what, const char* has, const char* needs) {
  throw Error(ErrorKind::usage, std::string(what) + " needs an " + needs + " key, this one is " + has);
}

class AesKey final : public Key {
 public:
  explicit AesKey(const Secret& bytes) : bytes_(bytes.clone()), aes_(bytes_) {}

  KeyType type() const override { return KeyType::aes; }
  size_t size() const override { return bytes_.size(); }

  Bytes kcv() const override {
    Block16 block;
    block.fill(0x01);
    const std::lock_guard lock(mutex_);
    block = aes_.encrypt_block(block);
    return {block.begin(), block.begin() + 3};
  }

  Secret derive_scp03_key(uint8_t constant, ByteView context, unsigned bits) const override {
    Secret out = SecretBytes::zeros(bits / 8);
    derive(constant, context, SecretBytes::writable(out));
    return out;
  }
  Bytes derive_scp03_data(uint8_t constant, ByteView context, unsigned bits) const override {
    Bytes out(bits / 8);
    derive(constant, context, out);
    return out;
  }
  Secret derive_scp02_key(uint16_t, uint16_t) const override { raise_wrong_type("SCP02 derivation", "AES", "DES"); }

  Secret encrypt_to_secret(ByteView data) const override {
    if (data.size() % 16 != 0) throw Error(ErrorKind::usage, "AES-ECB over data that is no multiple of 16 bytes");
    Secret out = Secret::copy(data);
    const auto to = SecretBytes::writable(out);
    const std::lock_guard lock(mutex_);
    for (size_t i = 0; i < to.size(); i += 16) aes_.cbc_encrypt({}, to.subspan(i, 16), to.subspan(i, 16));
    return out;
  }
  Secret cmac_to_secret(ByteView data) const override {
    const std::lock_guard lock(mutex_);
    Block16 mac = aes_.cmac(data);
    Secret out = Secret::copy(mac);
    wipe(mac.data(), mac.size());
    return out;
  }
  Secret material() const override { return bytes_.clone(); }

 private:
  void derive(uint8_t constant, ByteView context, std::span<uint8_t> out) const {
    const std::lock_guard lock(mutex_);
    scp03_derive(aes_, constant, context, out);
  }

  Secret bytes_;
  mutable std::mutex mutex_;  // a key is shared between runs, a keyed context serves one at a time
  Aes aes_;
};

class DesKey final : public Key {
 public:
  explicit DesKey(const Secret& bytes) : bytes_(bytes.clone()), des_(bytes_) {}

  KeyType type() const override { return KeyType::des; }
  size_t size() const override { return bytes_.size(); }

  Bytes kcv() const override {
    const std::lock_guard lock(mutex_);
    Bytes block = des_.ecb_encrypt(Bytes(8));
    block.resize(3);
    return block;
  }

  Secret derive_scp03_key(uint8_t, ByteView, unsigned) const override {
    raise_wrong_type("SCP03 derivation", "DES", "AES");
  }
  Bytes derive_scp03_data(uint8_t, ByteView, unsigned) const override {
    raise_wrong_type("SCP03 derivation", "DES", "AES");
  }
  Secret derive_scp02_key(uint16_t constant, uint16_t sequence_counter) const override {
    Bytes block;
    block.reserve(16);
    append_be(block, constant, 2);
    append_be(block, sequence_counter, 2);
    block.resize(16);
    const std::lock_guard lock(mutex_);
    return Secret::take(des_.cbc_encrypt({}, block));
  }

  Secret encrypt_to_secret(ByteView data) const override {
    const std::lock_guard lock(mutex_);
    return Secret::take(des_.ecb_encrypt(data));
  }
  Secret cmac_to_secret(ByteView) const override { raise_wrong_type("CMAC", "DES", "AES"); }
  Secret material() const override { return bytes_.clone(); }

 private:
  Secret bytes_;
  mutable std::mutex mutex_;
  Des des_;
};

}  // namespace

std::shared_ptr<const Key> make_key(KeyType type, const Secret& bytes) {
  switch (type) {
    case KeyType::aes:
      return std::make_shared<AesKey>(bytes);
    case KeyType::des:
      return std::make_shared<DesKey>(bytes);
  }
  throw Error(ErrorKind::usage, "key type unknown: keys are des (80) or aes (88)");
}

}  // namespace cw::crypto
