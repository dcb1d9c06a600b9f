#include "crypto/key.h"

#include <mutex>

#include "base/error.h"
#include "crypto/aes.h"
#include "crypto/des.h"
#include "crypto/digest.h"
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
    fill(constant, context, SecretBytes::writable(out));
    return out;
  }
  Bytes derive_scp03_data(uint8_t constant, ByteView context, unsigned bits) const override {
    Bytes out(bits / 8);
    fill(constant, context, out);
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
  void fill(uint8_t constant, ByteView context, std::span<uint8_t> out) const {
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
    const std::lock_guard lock(mutex_);
    return Secret::take(des_.cbc_encrypt({}, scp02_block(constant, sequence_counter)));
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

Aes Key::scp03_session(uint8_t constant, ByteView context) const {
  return Aes(derive_scp03_key(constant, context, static_cast<unsigned>(size() * 8)));
}

Des Key::scp02_session(uint16_t constant, uint16_t sequence_counter) const {
  return Des(derive_scp02_key(constant, sequence_counter));
}

Des Key::scp01_session(ByteView data) const { return Des(encrypt_to_secret(data)); }

std::shared_ptr<const Key> Key::derive(Derivation how, ByteView data) const {
  switch (how) {
    case Derivation::ecb:
      return make_key(type(), encrypt_to_secret(data));
    case Derivation::cbc:
      return make_key(type(), Secret::take(type() == KeyType::aes ? Aes(material()).cbc_encrypt({}, data)
                                                                  : Des(material()).cbc_encrypt({}, data)));
    case Derivation::cmac:
      break;
  }
  std::vector<Secret> macs;
  std::vector<SecretPiece> pieces;
  for (; !data.empty(); data = data.subspan(std::min<size_t>(16, data.size()))) {
    macs.push_back(cmac_to_secret(data.first(std::min<size_t>(16, data.size()))));
  }
  for (const Secret& mac : macs) pieces.push_back({{}, &mac});
  return make_key(type(), prefix(join(pieces), size()));
}

Bytes Key::encrypt(const Secret& blocks) const {
  const Secret key = material();
  return type() == KeyType::aes ? Aes(key).cbc_encrypt({}, blocks) : Des(key).ecb_encrypt(blocks);
}

Secret Key::decrypt(ByteView blocks) const {
  const Secret key = material();
  return Secret::take(type() == KeyType::aes ? Aes(key).cbc_decrypt({}, blocks) : Des(key).ecb_decrypt(blocks));
}

bool same_key(const Key& a, const Key& b) {
  const Secret blocks = Secret::copy(Bytes(16));
  return a.type() == b.type() && a.size() == b.size() && constant_time_equal(a.encrypt(blocks), b.encrypt(blocks));
}

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
