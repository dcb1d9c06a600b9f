#include <algorithm>

#include "crypto/des.h"
#include "crypto/digest.h"
#include "crypto/kdf.h"
#include "pkcs11_ciphers_private.h"
#include "pkcs11_key_private.h"
#include "secret_bytes_private.h"

namespace cw::crypto {

namespace {

constexpr size_t kBlock = 16;
constexpr size_t kKcvSize = 3;
constexpr size_t kIntegrity = 8;  // what RFC 3394 adds

void exclusive_or(std::span<uint8_t> to, ByteView other) {
  for (size_t i = 0; i < to.size(); ++i) to[i] = static_cast<uint8_t>(to[i] ^ other[i]);
}

/// What of a key that a token made of data: as long as this one, but two-key DES of 16 bytes.
Pkcs11Object::Shape derived_shape(Pkcs11Object::Shape shape, size_t data) {
  return {shape.type, shape.type == KeyType::aes ? shape.size : std::min<size_t>(data, 24)};
}

Bytes wrapped_by(Pkcs11Session& session, CK_MECHANISM how, Pkcs11Object& under, Pkcs11Object& key) {
  Bytes out(64);
  CK_ULONG size = out.size();
  session.check(
      session.call().C_WrapKey(session.handle(), &how, under.handle(session), key.handle(session), out.data(), &size),
      "wrapping a key");
  out.resize(size);
  return out;
}

}  // namespace

void Pkcs11Key::keep(const char* what) const {
  throw Error(ErrorKind::usage, "key " + name_ + " stays in its token: it cannot " + what +
                                    "; a key that is put onto cards has to be extractable (CKA_EXTRACTABLE), and what "
                                    "is derived of a master key is");
}

void Pkcs11Key::need(KeyType wanted, const char* what) const {
  if (type() == wanted) return;
  throw Error(ErrorKind::usage, std::string(what) + " needs " + (wanted == KeyType::aes ? "an AES" : "a DES") +
                                    " key, and " + name_ + " is none");
}

Bytes Pkcs11Key::kcv() const {
  const std::lock_guard lock(mutex_);
  const uint64_t login = object_->token()->run([](Pkcs11Session& session) { return session.login(); });
  if (kcv_.empty() || kcv_login_ != login) {
    Bytes block = type() == KeyType::aes ? Bytes(16, 0x01) : Bytes(8);
    object_->token()->run([&](Pkcs11Session& session) { object_->encrypt(session, {}, block); });
    block.resize(kKcvSize);
    kcv_ = std::move(block);
    kcv_login_ = login;
  }
  return kcv_;
}

const Block16& Pkcs11Key::subkey(Pkcs11Session& session) const {
  // After a new login another key may be there under this label.
  if (!subkey_ || subkey_login_ != session.login()) {
    Block16 block{};
    object_->encrypt(session, {}, block);
    subkey_login_ = session.login();
    Block16 doubled;
    for (size_t i = 0; i + 1 < kBlock; ++i) doubled[i] = static_cast<uint8_t>(block[i] << 1 | block[i + 1] >> 7);
    doubled[15] = static_cast<uint8_t>(block[15] << 1 ^ (block[0] & 0x80 ? 0x87 : 0));
    subkey_ = doubled;
  }
  return *subkey_;
}

// A CMAC over whole blocks encrypts its last block, XORed with what came of those before and with a subkey. So ECB over
// that sum is the CMAC, and a token can make a key of it without anybody seeing it.
Bytes Pkcs11Key::cmac_input(Pkcs11Session& session, ByteView data) const {
  Bytes out = to_bytes(data);
  for (size_t at = 0; at < out.size(); at += kBlock) exclusive_or(std::span(out).subspan(at, kBlock), subkey(session));
  return out;
}

Bytes Pkcs11Key::scp03_input(Pkcs11Session& session, uint8_t constant, ByteView context) const {
  Bytes out;
  for (uint8_t counter = 1; out.size() < size(); ++counter) {
    const Block16 head = scp03_head(constant, size(), counter);
    append(out, head);
  }
  object_->encrypt(session, {}, out);  // the heads, all at once
  for (ByteView rest = context; !rest.empty(); rest = rest.subspan(kBlock)) {
    for (size_t at = 0; at < out.size(); at += kBlock) {
      exclusive_or(std::span(out).subspan(at, kBlock), rest.first(kBlock));
    }
    if (rest.size() > kBlock) object_->encrypt(session, {}, out);
  }
  return cmac_input(session, out);
}

Bytes Pkcs11Key::derive_scp03_data(uint8_t constant, ByteView context, unsigned bits) const {
  need(KeyType::aes, "SCP03 derivation");
  Bytes out(bits / 8);
  scp03_derive(token_aes(object_), constant, context, out);
  return out;
}

Aes Pkcs11Key::scp03_session(uint8_t constant, ByteView context) const {
  need(KeyType::aes, "SCP03 derivation");
  if (context.empty() || context.size() % kBlock != 0) {
    throw Error(ErrorKind::internal, "SCP03 derivation over a context of " + std::to_string(context.size()) + " bytes");
  }
  return token_aes(object_->token()->run([&](Pkcs11Session& session) {
    const Bytes input = scp03_input(session, constant, context);
    return object_->derive(session, Derivation::ecb, input, object_->shape(), false);
  }));
}

Des Pkcs11Key::scp02_session(uint16_t constant, uint16_t sequence_counter) const {
  need(KeyType::des, "SCP02 derivation");
  const Block16 block = scp02_block(constant, sequence_counter);
  auto key = object_->token()->run([&](Pkcs11Session& session) {
    return object_->derive(session, Derivation::cbc, block, {KeyType::des, 16}, false);
  });
  return token_des(std::move(key), object_, ByteView(block).first(8));
}

Des Pkcs11Key::scp01_session(ByteView data) const {
  need(KeyType::des, "SCP01 derivation");
  auto key = object_->token()->run([&](Pkcs11Session& session) {
    return object_->derive(session, Derivation::ecb, data, {KeyType::des, 16}, false);
  });
  return token_des(std::move(key), object_, data.first(8));
}

std::shared_ptr<const Key> Pkcs11Key::derive(Derivation how, ByteView data) const {
  if (how == Derivation::cmac) need(KeyType::aes, "CMAC");
  if (how == Derivation::cbc) need(KeyType::des, "derivation by CBC");
  auto key = object_->token()->run([&](Pkcs11Session& session) {
    const Bytes input = how == Derivation::cmac ? cmac_input(session, data) : to_bytes(data);
    return object_->derive(session, how, input, derived_shape(object_->shape(), data.size()), true);
  });
  return std::make_shared<Pkcs11Key>(std::move(key), "derived of " + name_);
}

Bytes Pkcs11Key::encrypt(const Secret& blocks) const {
  Bytes out = to_bytes(SecretBytes::view(blocks));
  const Bytes iv(type() == KeyType::aes ? kBlock : 0);
  encrypt_or_wipe(out,
                  [&] { object_->token()->run([&](Pkcs11Session& session) { object_->encrypt(session, iv, out); }); });
  return out;
}

Secret Pkcs11Key::decrypt(ByteView blocks) const {
  Secret out = Secret::copy(blocks);
  const Bytes iv(type() == KeyType::aes ? kBlock : 0);
  object_->token()->run([&](Pkcs11Session& session) { object_->decrypt(session, iv, SecretBytes::writable(out)); });
  return out;
}

std::shared_ptr<Pkcs11Object> Pkcs11Key::imported(Pkcs11Session& session, const Secret& bytes, KeyType type) const {
  const Pkcs11Object::Shape shape{type, bytes.size()};
  Pkcs11Template wanted(shape, false, true);
  wanted.add(CKA_VALUE, SecretBytes::view(bytes));
  CK_OBJECT_HANDLE made = 0;
  session.check(session.call().C_CreateObject(session.handle(), wanted.data(), wanted.size(), &made),
                "taking a key in");
  return Pkcs11Object::of_session(object_->token(), shape, made, session.login());
}

Bytes Pkcs11Key::wrap(WrapForm form, const Key& key) const {
  const auto* other = dynamic_cast<const Pkcs11Key*>(&key);
  const bool same_token = other != nullptr && other->object_->token() == object_->token();
  if (form == WrapForm::aes_key_wrap) {
    const Secret bytes = same_token ? Secret() : key.material();
    return object_->token()->run([&](Pkcs11Session& session) {
      if (same_token && !other->object_->is_extractable(session)) other->keep("be wrapped");
      const auto there = same_token ? other->object_ : imported(session, bytes, key.type());
      return wrapped_by(session, {CKM_AES_KEY_WRAP, nullptr, 0}, *object_, *there);
    });
  }
  // PKCS#11 has wrapping in CBC and ECB too, and many tokens have not. Those let the key out under a one-time key, and
  // encrypt it once it is back: key.material().
  return Key::wrap(form, key);
}

std::shared_ptr<const Key> Pkcs11Key::unwrap(WrapForm form, KeyType type, size_t size, ByteView wrapped) const {
  if (form != WrapForm::aes_key_wrap) return Key::unwrap(form, type, size, wrapped);
  if (wrapped.size() != size + kIntegrity) {
    throw Error(ErrorKind::usage, "the wrapped key has another length than the key and what RFC 3394 adds");
  }
  auto key = object_->token()->run([&](Pkcs11Session& session) {
    const Pkcs11Object::Shape shape{type, size};
    Pkcs11Template wanted(shape, false, true);
    CK_MECHANISM how = {CKM_AES_KEY_WRAP, nullptr, 0};
    CK_OBJECT_HANDLE made = 0;
    const CK_RV result = session.call().C_UnwrapKey(session.handle(), &how, object_->handle(session),
                                                    const_cast<uint8_t*>(wrapped.data()), wrapped.size(), wanted.data(),
                                                    wanted.size(), &made);
    // SoftHSM says CKR_GENERAL_ERROR where others say that the wrapped key is invalid.
    if (result == CKR_GENERAL_ERROR || result == CKR_WRAPPED_KEY_INVALID || result == CKR_ENCRYPTED_DATA_INVALID) {
      throw Error(ErrorKind::usage,
                  "the integrity check of RFC 3394 failed: it was wrapped under another key, or changed on its way");
    }
    session.check(result, "unwrapping a key");
    return Pkcs11Object::of_session(object_->token(), shape, made, session.login());
  });
  return std::make_shared<Pkcs11Key>(std::move(key), "unwrapped under " + name_);
}

Secret Pkcs11Key::material() const {
  const Secret once = random_secret(32);
  const auto under = make_key(KeyType::aes, once);
  const Bytes wrapped = object_->token()->run([&](Pkcs11Session& session) {
    if (!object_->is_extractable(session)) keep("leave it");
    const auto there = imported(session, once, KeyType::aes);
    return wrapped_by(session, {CKM_AES_KEY_WRAP, nullptr, 0}, *there, *object_);
  });
  return under->unwrap(WrapForm::aes_key_wrap, type(), size(), wrapped)->material();
}

Secret Pkcs11Key::derive_scp03_key(uint8_t, ByteView, unsigned) const { keep("give a session key to the process"); }
Secret Pkcs11Key::derive_scp02_key(uint16_t, uint16_t) const { keep("give a session key to the process"); }
Secret Pkcs11Key::encrypt_to_secret(ByteView) const { keep("give a derived key to the process"); }
Secret Pkcs11Key::cmac_to_secret(ByteView) const { keep("give a derived key to the process"); }

}  // namespace cw::crypto
