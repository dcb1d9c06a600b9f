#include "aes_engine_private.h"
#include "des_engine_private.h"
#include "pkcs11_ciphers_private.h"

namespace cw::crypto {

namespace {

class TokenAes final : public Aes::Engine {
 public:
  explicit TokenAes(std::shared_ptr<Pkcs11Object> key) : key_(std::move(key)) {}

  size_t key_size() const override { return key_->shape().size; }
  Block16 cmac(std::initializer_list<ByteView> parts) override {
    const Bytes message = concat(parts);
    const Bytes mac = key_->token()->run([&](Pkcs11Session& session) { return key_->cmac(session, message); });
    Block16 out;
    std::copy_n(mac.begin(), out.size(), out.begin());
    return out;
  }
  void cbc_encrypt(const Block16& iv, std::span<uint8_t> data) override {
    key_->token()->run([&](Pkcs11Session& session) { key_->encrypt(session, iv, data); });
  }
  void cbc_decrypt(const Block16& iv, std::span<uint8_t> data) override {
    key_->token()->run([&](Pkcs11Session& session) { key_->decrypt(session, iv, data); });
  }

 private:
  std::shared_ptr<Pkcs11Object> key_;
};

class TokenDes final : public Des::Engine {
 public:
  TokenDes(std::shared_ptr<Pkcs11Object> key, std::shared_ptr<Pkcs11Object> parent, ByteView first)
      : key_(std::move(key)), parent_(std::move(parent)), first_(concat({first, first})) {}

  size_t key_size() const override { return key_->shape().size; }
  void cbc_encrypt(const Block8& iv, std::span<uint8_t> data) override {
    key_->token()->run([&](Pkcs11Session& session) { key_->encrypt(session, iv, data); });
  }
  void cbc_decrypt(const Block8& iv, std::span<uint8_t> data) override {
    key_->token()->run([&](Pkcs11Session& session) { key_->decrypt(session, iv, data); });
  }
  // Triple DES with K1 twice is single DES with K1, and K1 twice is what the parent makes of the same block twice.
  void single_cbc_encrypt(const Block8& iv, std::span<uint8_t> data) override {
    if (!parent_) throw Error(ErrorKind::usage, "single DES needs a session key, and this one lives in a token");
    key_->token()->run([&](Pkcs11Session& session) {
      if (!single_) single_ = parent_->derive(session, Derivation::ecb, first_, {KeyType::des, 16}, false);
      single_->encrypt(session, iv, data);
    });
  }

 private:
  std::shared_ptr<Pkcs11Object> key_;
  std::shared_ptr<Pkcs11Object> parent_;
  Bytes first_;
  std::shared_ptr<Pkcs11Object> single_{};
};

}  // namespace

Aes token_aes(std::shared_ptr<Pkcs11Object> key) { return Aes(std::make_unique<TokenAes>(std::move(key))); }

Des token_des(std::shared_ptr<Pkcs11Object> key, std::shared_ptr<Pkcs11Object> parent, ByteView first) {
  return Des(std::make_unique<TokenDes>(std::move(key), std::move(parent), first));
}

}  // namespace cw::crypto
