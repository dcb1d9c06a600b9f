#include "crypto/aes.h"

#include <cstring>
#include <optional>

#include "aes_engine_private.h"
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

class SoftwareAes final : public Aes::Engine {
 public:
  explicit SoftwareAes(const Secret& k)
      : cipher_(aes_cbc(k.size())),
        key_(k.clone()),
        encryption_(cipher_, SecretBytes::view(key_), Direction::encrypt) {}
  ~SoftwareAes() override { wipe(subkeys_.data(), sizeof subkeys_); }

  size_t key_size() const override { return key_.size(); }
  Block16 cmac(std::initializer_list<ByteView> parts) override;
  void cbc_encrypt(const Block16& iv, std::span<uint8_t> data) override { encryption_.run(iv, data); }
  /// Keyed when first needed: most keys either decrypt or MAC, or do neither.
  void cbc_decrypt(const Block16& iv, std::span<uint8_t> data) override {
    if (!decryption_) decryption_.emplace(cipher_, SecretBytes::view(key_), Direction::decrypt);
    decryption_->run(iv, data);
  }

 private:
  const std::array<Block16, 2>& cmac_subkeys() {
    if (!has_subkeys_) {
      Block16 l{};
      encryption_.run({}, l);
      subkeys_[0] = doubled(l);
      subkeys_[1] = doubled(subkeys_[0]);
      has_subkeys_ = true;
    }
    return subkeys_;
  }

  const EVP_CIPHER* cipher_;
  Secret key_;
  RunningCbc<kBlock> encryption_;
  std::optional<RunningCbc<kBlock>> decryption_{};
  std::array<Block16, 2> subkeys_{};
  bool has_subkeys_ = false;
};

// The parts are gathered so that a short command is one call into OpenSSL; a long one takes a call per 512 bytes.
Block16 SoftwareAes::cmac(std::initializer_list<ByteView> parts) {
  const auto& [k1, k2] = cmac_subkeys();
  std::array<uint8_t, 32 * kBlock> buffer;
  size_t used = 0;
  Block16 iv{};
  for (ByteView part : parts) {
    while (!part.empty()) {
      if (used == buffer.size()) {
        encryption_.run(iv, buffer);
        iv = encryption_.last();
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
  encryption_.run(iv, std::span(buffer).first(used));
  return encryption_.last();
}

}  // namespace

Aes::Aes(const Secret& key) : engine_(std::make_unique<SoftwareAes>(key)) {}
Aes::Aes(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
Aes::Aes(Aes&&) noexcept = default;
Aes& Aes::operator=(Aes&&) noexcept = default;
Aes::~Aes() = default;

size_t Aes::key_size() const { return engine_->key_size(); }

Block16 Aes::cmac(std::initializer_list<ByteView> parts) const { return engine_->cmac(parts); }

void Aes::cbc_encrypt(const Block16& iv, ByteView data, std::span<uint8_t> out) const {
  check_blocks(data.size());
  if (!data.empty() && data.data() != out.data()) std::memcpy(out.data(), data.data(), data.size());
  engine_->cbc_encrypt(iv, out.first(data.size()));
}

void Aes::cbc_decrypt(const Block16& iv, ByteView data, std::span<uint8_t> out) const {
  check_blocks(data.size());
  if (!data.empty() && data.data() != out.data()) std::memcpy(out.data(), data.data(), data.size());
  engine_->cbc_decrypt(iv, out.first(data.size()));
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
  engine_->cbc_encrypt({}, out);
  return out;
}

Bytes Aes::cbc_encrypt_padded(const Block16& iv, const Secret& data) const {
  const ByteView plain = SecretBytes::view(data);
  Bytes out(plain.size() / kBlock * kBlock + kBlock);
  std::copy(plain.begin(), plain.end(), out.begin());
  out[plain.size()] = 0x80;
  engine_->cbc_encrypt(iv, out);
  return out;
}

}  // namespace cw::crypto
