#include "crypto/des.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "des_engine_private.h"
#include "running_cbc_private.h"
#include "secret_bytes_private.h"

namespace cw::crypto {

namespace {

constexpr size_t kBlock = 8;

const EVP_CIPHER* triple_des_cbc() {
  static const CipherPtr cipher = fetch_cipher("DES-EDE3-CBC");
  return cipher.get();
}

/// K1 K2 K1 or K1 K2 K3.
Secret three_keys(const Secret& key) {
  const ByteView bytes = SecretBytes::view(key);
  if (bytes.size() != 16 && bytes.size() != 24) {
    throw Error(ErrorKind::usage,
                "DES key of " + std::to_string(bytes.size()) + " bytes: triple DES keys have 16 or 24 bytes");
  }
  Secret out = SecretBytes::zeros(24);
  const auto to = SecretBytes::writable(out);
  std::copy(bytes.begin(), bytes.end(), to.begin());
  if (bytes.size() == 16) std::copy_n(bytes.begin(), kBlock, to.begin() + 16);
  return out;
}

/// K1 K1 K1: encrypt, decrypt, encrypt with one key is single DES, which OpenSSL 3 has in its legacy provider only.
Secret one_key(const Secret& key) {
  Secret out = SecretBytes::zeros(24);
  const auto to = SecretBytes::writable(out);
  for (size_t i = 0; i < 24; ++i) to[i] = SecretBytes::view(key)[i % kBlock];
  return out;
}

void check_blocks(size_t size) {
  if (size % kBlock != 0) {
    throw Error(ErrorKind::usage, "DES without padding over " + std::to_string(size) + " bytes: no multiple of 8");
  }
}

/// The parts joined and 80-padded (ISO 9797-1 method 2).
Bytes padded_message(std::initializer_list<ByteView> parts) {
  size_t size = 0;
  for (ByteView part : parts) size += part.size();
  Bytes out;
  out.reserve(size / kBlock * kBlock + kBlock);
  for (ByteView part : parts) append(out, part);
  out.push_back(0x80);
  out.resize(size / kBlock * kBlock + kBlock);
  return out;
}

/// The last block of a message that was encrypted in CBC: its MAC.
Block8 last_block(ByteView message) {
  Block8 out;
  std::copy_n(message.end() - kBlock, kBlock, out.begin());
  return out;
}

class SoftwareDes final : public Des::Engine {
 public:
  explicit SoftwareDes(const Secret& k)
      : size_(k.size()), key_(three_keys(k)), triple_(triple_des_cbc(), SecretBytes::view(key_), Direction::encrypt) {}

  size_t key_size() const override { return size_; }
  void cbc_encrypt(const Block8& iv, std::span<uint8_t> data) override { triple_.run(iv, data); }
  void cbc_decrypt(const Block8& iv, std::span<uint8_t> data) override {
    if (!decryption_) decryption_.emplace(triple_des_cbc(), SecretBytes::view(key_), Direction::decrypt);
    decryption_->run(iv, data);
  }
  void single_cbc_encrypt(const Block8& iv, std::span<uint8_t> data) override {
    if (!single_) {
      const Secret first = one_key(key_);
      single_.emplace(triple_des_cbc(), SecretBytes::view(first), Direction::encrypt);
    }
    single_->run(iv, data);
  }

 private:
  size_t size_;
  Secret key_;
  RunningCbc<kBlock> triple_;
  std::optional<RunningCbc<kBlock>> single_{};
  std::optional<RunningCbc<kBlock>> decryption_{};
};

}  // namespace

Des::Des(const Secret& key) : engine_(std::make_unique<SoftwareDes>(key)) {}
Des::Des(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
Des::Des(Des&&) noexcept = default;
Des& Des::operator=(Des&&) noexcept = default;
Des::~Des() = default;

size_t Des::key_size() const { return engine_->key_size(); }

Block8 Des::mac(const Block8& iv, std::initializer_list<ByteView> parts) const {
  Bytes message = padded_message(parts);
  engine_->cbc_encrypt(iv, message);
  return last_block(message);
}

// Single DES with K1 over all blocks but the last, triple DES over the last.
Block8 Des::retail_mac(const Block8& iv, std::initializer_list<ByteView> parts) const {
  Bytes message = padded_message(parts);
  const std::span<uint8_t> blocks(message);
  const std::span<uint8_t> ahead = blocks.first(blocks.size() - kBlock);
  if (!ahead.empty()) engine_->single_cbc_encrypt(iv, ahead);
  engine_->cbc_encrypt(ahead.empty() ? iv : last_block(ahead), blocks.last(kBlock));
  return last_block(message);
}

Block8 Des::mac(const Block8& iv, ByteView head, const Secret& tail) const {
  return mac(iv, {head, SecretBytes::view(tail)});
}

Block8 Des::retail_mac(const Block8& iv, ByteView head, const Secret& tail) const {
  return retail_mac(iv, {head, SecretBytes::view(tail)});
}

Bytes Des::cbc_encrypt(const Block8& iv, ByteView data) const {
  check_blocks(data.size());
  Bytes out = to_bytes(data);
  engine_->cbc_encrypt(iv, out);
  return out;
}

Bytes Des::cbc_decrypt(const Block8& iv, ByteView data) const {
  check_blocks(data.size());
  Bytes out = to_bytes(data);
  engine_->cbc_decrypt(iv, out);
  return out;
}

Bytes Des::ecb_encrypt(ByteView data) const {
  check_blocks(data.size());
  Bytes out = to_bytes(data);
  for (size_t i = 0; i < out.size(); i += kBlock) engine_->cbc_encrypt({}, std::span(out).subspan(i, kBlock));
  return out;
}

Bytes Des::ecb_decrypt(ByteView data) const {
  check_blocks(data.size());
  Bytes out = to_bytes(data);
  for (size_t i = 0; i < out.size(); i += kBlock) engine_->cbc_decrypt({}, std::span(out).subspan(i, kBlock));
  return out;
}

Bytes Des::cbc_encrypt(const Block8& iv, const Secret& data) const { return cbc_encrypt(iv, SecretBytes::view(data)); }
Bytes Des::ecb_encrypt(const Secret& data) const { return ecb_encrypt(SecretBytes::view(data)); }

Block8 Des::single_encrypt(const Block8& block) const {
  Block8 out = block;
  engine_->single_cbc_encrypt({}, out);
  return out;
}

Block8 Des::triple_encrypt(const Block8& block) const {
  Block8 out = block;
  engine_->cbc_encrypt({}, out);
  return out;
}

Bytes Des::cbc_encrypt_padded(const Block8& iv, ByteView data) const {
  Bytes out = padded_message({data});
  engine_->cbc_encrypt(iv, out);
  return out;
}

Bytes Des::cbc_encrypt_padded(const Block8& iv, const Secret& data) const {
  return cbc_encrypt_padded(iv, SecretBytes::view(data));
}

}  // namespace cw::crypto
