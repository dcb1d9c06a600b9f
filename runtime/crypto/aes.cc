#include "crypto/aes.h"

#include <cstring>
#include <optional>

#include "base/error.h"
#include "running_cbc_private.h"
#include "secret_bytes_private.h"

namespace cw::crypto {

namespace {

constexpr size_t kBlock = 16;

const EVP_CIPHER* aes_cbc(size_t key_size) {
  static const CipherPtr aes128 = fetch_cipher("AES-128-CBC");
  static const CipherPtr aes192 = fetch_cipher("AES-192-CBC");
  static const CipherPtr aes256 = fetch_cipher("AES-256-CBC");
  switch (key_size) {
    case 16:
      return aes128.get();
    case 24:
      return aes192.get();
    case 32:
      return aes256.get();
    default:
      throw Error(ErrorKind::usage,
                  "AES key of " + std::to_string(key_size) + " bytes: AES keys have 16, 24 or 32 bytes");
  }
}

/// Multiplication by x in GF(2^128), how SP 800-38B makes the subkeys.
Block16 doubled(const Block16& in) {
  Block16 out;
  for (size_t i = 0; i + 1 < kBlock; ++i) out[i] = static_cast<uint8_t>(in[i] << 1 | in[i + 1] >> 7);
  out[15] = static_cast<uint8_t>(in[15] << 1 ^ (in[0] & 0x80 ? 0x87 : 0));
  return out;
}

void check_blocks(size_t size) {
  if (size % kBlock != 0) {
    throw Error(ErrorKind::usage, "AES-CBC without padding over " + std::to_string(size) + " bytes: no multiple of 16");
  }
}

}  // namespace

struct Aes::Impl {
  explicit Impl(const Secret& k)
      : cipher(aes_cbc(k.size())), key(k.clone()), encryption(cipher, SecretBytes::view(key), Direction::encrypt) {}
  ~Impl() { wipe(subkeys.data(), sizeof subkeys); }

  /// Made when first needed: most keys either decrypt or MAC, or do neither.
  RunningCbc<kBlock>& decryption() {
    if (!decryption_) decryption_.emplace(cipher, SecretBytes::view(key), Direction::decrypt);
    return *decryption_;
  }
  const std::array<Block16, 2>& cmac_subkeys() {
    if (!has_subkeys) {
      Block16 l{};
      encryption.run({}, l);
      subkeys[0] = doubled(l);
      subkeys[1] = doubled(subkeys[0]);
      has_subkeys = true;
    }
    return subkeys;
  }

  const EVP_CIPHER* cipher;
  Secret key;
  RunningCbc<kBlock> encryption;

 private:
  std::optional<RunningCbc<kBlock>> decryption_{};
  std::array<Block16, 2> subkeys{};
  bool has_subkeys = false;
};

Aes::Aes(const Secret& key) : impl_(std::make_unique<Impl>(key)) {}
Aes::Aes(Aes&&) noexcept = default;
Aes& Aes::operator=(Aes&&) noexcept = default;
Aes::~Aes() = default;

size_t Aes::key_size() const { return impl_->key.size(); }

// The parts are gathered so that a short command is one call into OpenSSL; a long one takes a call per 512 bytes.
Block16 Aes::cmac(std::initializer_list<ByteView> parts) const {
  const auto& [k1, k2] = impl_->cmac_subkeys();
  std::array<uint8_t, 32 * kBlock> buffer;
  size_t used = 0;
  Block16 iv{};
  for (ByteView part : parts) {
    while (!part.empty()) {
      if (used == buffer.size()) {
        impl_->encryption.run(iv, buffer);
        iv = impl_->encryption.last();
        used = 0;
      }
      const size_t taken = std::min(part.size(), buffer.size() - used);
      std::memcpy(buffer.data() + used, part.data(), taken);
      used += taken;
      part = part.subspan(taken);
    }
  }
  const bool whole = used != 0 && used % kBlock == 0;
  if (!whole) {
    buffer[used++] = 0x80;
    while (used % kBlock != 0) buffer[used++] = 0;
  }
  const Block16& subkey = whole ? k1 : k2;
  for (size_t i = 0; i < kBlock; ++i) buffer[used - kBlock + i] ^= subkey[i];
  impl_->encryption.run(iv, std::span(buffer).first(used));
  return impl_->encryption.last();
}

void Aes::cbc_encrypt(const Block16& iv, ByteView data, std::span<uint8_t> out) const {
  check_blocks(data.size());
  if (!data.empty() && data.data() != out.data()) std::memcpy(out.data(), data.data(), data.size());
  impl_->encryption.run(iv, out.first(data.size()));
}

void Aes::cbc_decrypt(const Block16& iv, ByteView data, std::span<uint8_t> out) const {
  check_blocks(data.size());
  if (!data.empty() && data.data() != out.data()) std::memcpy(out.data(), data.data(), data.size());
  impl_->decryption().run(iv, out.first(data.size()));
}

Bytes Aes::cbc_encrypt(const Block16& iv, ByteView data) const {
  Bytes out(data.size());
  cbc_encrypt(iv, data, out);
  return out;
}

Bytes Aes::cbc_decrypt(const Block16& iv, ByteView data) const {
  Bytes out(data.size());
  cbc_decrypt(iv, data, out);
  return out;
}

Bytes Aes::cbc_encrypt(const Block16& iv, const Secret& data) const { return cbc_encrypt(iv, SecretBytes::view(data)); }

Block16 Aes::encrypt_block(const Block16& block) const {
  Block16 out = block;
  impl_->encryption.run({}, out);
  return out;
}

Bytes Aes::cbc_encrypt_padded(const Block16& iv, const Secret& data) const {
  const ByteView plain = SecretBytes::view(data);
  Bytes out(plain.size() / kBlock * kBlock + kBlock);
  std::copy(plain.begin(), plain.end(), out.begin());
  out[plain.size()] = 0x80;
  impl_->encryption.run(iv, out);
  return out;
}

}  // namespace cw::crypto
