#include "crypto/key_wrap.h"

#include <array>

#include "base/error.h"
#include "base/suggest.h"
#include "crypto/digest.h"
#include "openssl_private.h"
#include "secret_bytes_private.h"

namespace cw::crypto {

namespace {

constexpr size_t kIntegrity = 8;  // what RFC 3394 adds

struct Form {
  WrapForm form;
  std::string_view name;
  KeyType kek;
  size_t block;
};
constexpr std::array<Form, 3> kForms = {{{WrapForm::aes_key_wrap, "aes-key-wrap", KeyType::aes, 8},
                                         {WrapForm::aes_cbc, "aes-cbc", KeyType::aes, 16},
                                         {WrapForm::des_ecb, "des-ecb", KeyType::des, 8}}};

const Form& facts(WrapForm form) { return kForms.at(static_cast<size_t>(form)); }

void check_kek(const Key& kek, WrapForm form) {
  if (kek.type() == facts(form).kek) return;
  throw Error(ErrorKind::usage, std::string(facts(form).name) + " needs " +
                                    (facts(form).kek == KeyType::aes ? "an AES" : "a DES") +
                                    " key to wrap under, and this one is of the other type");
}

/// What a key of `size` bytes takes, without what RFC 3394 adds.
size_t whole_blocks(size_t size, size_t block) { return (size + block - 1) / block * block; }

/// Lengths that the key may have; the longest first.
std::vector<size_t> sizes_of(const WrappedKey& expected, WrapForm form, size_t plain) {
  std::vector<size_t> out;
  for (const size_t size : {size_t{32}, size_t{24}, size_t{16}}) {
    const bool wanted = expected.size == 0 || expected.size == size;
    const bool known = size != 32 || expected.type == KeyType::aes;
    if (wanted && known && whole_blocks(size, facts(form).block) == plain) out.push_back(size);
  }
  return out;
}

const EVP_CIPHER* aes_wrap(size_t key_size) {
  static const CipherPtr aes128 = fetch_cipher("AES-128-WRAP");
  static const CipherPtr aes192 = fetch_cipher("AES-192-WRAP");
  static const CipherPtr aes256 = fetch_cipher("AES-256-WRAP");
  return key_size == 16 ? aes128.get() : key_size == 24 ? aes192.get() : aes256.get();
}

CipherCtxPtr wrap_context(const Secret& kek, bool wraps) {
  CipherCtxPtr context(EVP_CIPHER_CTX_new());
  if (!context) raise_openssl("creating a cipher context");
  EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  check(EVP_CipherInit_ex2(context.get(), aes_wrap(kek.size()), SecretBytes::view(kek).data(), nullptr, wraps, nullptr),
        "setting a wrapping key");
  return context;
}

Bytes rfc3394_wrap(const Secret& kek, const Secret& key) {
  const CipherCtxPtr context = wrap_context(kek, true);
  Bytes out(key.size() + kIntegrity);
  int size = 0;
  check(EVP_CipherUpdate(context.get(), out.data(), &size, SecretBytes::view(key).data(), static_cast<int>(key.size())),
        "wrapping a key");
  return out;
}

Secret rfc3394_unwrap(const Secret& kek, ByteView wrapped) {
  const CipherCtxPtr context = wrap_context(kek, false);
  Secret room = SecretBytes::zeros(wrapped.size());
  int size = 0;
  const int ok = EVP_CipherUpdate(context.get(), SecretBytes::writable(room).data(), &size, wrapped.data(),
                                  static_cast<int>(wrapped.size()));
  ERR_clear_error();
  if (ok != 1 || size != static_cast<int>(wrapped.size() - kIntegrity)) {
    throw Error(ErrorKind::usage,
                "the integrity check of RFC 3394 failed: it was wrapped under another key, or changed on its way");
  }
  return prefix(room, static_cast<size_t>(size));
}

/// AES-192 and three-key DES have no whole blocks of AES-CBC: the key and its padding, or what is no such thing.
bool is_padded(const Secret& plain, size_t size) {
  const ByteView tail = SecretBytes::view(plain).subspan(size);
  for (size_t i = 0; i < tail.size(); ++i) {
    if (tail[i] != (i == 0 ? 0x80 : 0x00)) return false;
  }
  return true;
}

[[noreturn]] void raise_length(const WrappedKey& expected, WrapForm form, size_t size) {
  throw Error(ErrorKind::usage, "unwrapping a key: " + std::to_string(size) + " bytes as " +
                                    std::string(facts(form).name) + " are no " +
                                    (expected.type == KeyType::aes ? "AES" : "DES") + " key" +
                                    (expected.size == 0 ? "" : " of " + std::to_string(expected.size) + " bytes"));
}

}  // namespace

WrapForm wrap_form(std::string_view name) {
  std::vector<std::string> names;
  for (const Form& form : kForms) {
    if (form.name == name) return form.form;
    names.emplace_back(form.name);
  }
  throw Error(ErrorKind::usage, "no form '" + std::string(name) + "' of a wrapped key" + did_you_mean(name, names) +
                                    "; there are aes-key-wrap, aes-cbc and des-ecb");
}

std::string_view name_of(WrapForm form) { return facts(form).name; }

Bytes Key::wrap(WrapForm form, const Key& key) const {
  const Secret bytes = key.material();
  if (form == WrapForm::aes_key_wrap) return rfc3394_wrap(material(), bytes);
  const size_t block = facts(form).block;
  return bytes.size() % block == 0 ? encrypt(bytes) : encrypt(crypto::padded(bytes, block, 0x80));
}

std::shared_ptr<const Key> Key::unwrap(WrapForm form, KeyType type, size_t size, ByteView wrapped) const {
  const Secret plain = form == WrapForm::aes_key_wrap ? rfc3394_unwrap(material(), wrapped) : decrypt(wrapped);
  if (!is_padded(plain, size)) {
    throw Error(ErrorKind::usage,
                "the padding is not 80 00..: it was wrapped under another key, or has another length");
  }
  return make_key(type, prefix(plain, size));
}

Bytes wrap_key(const Key& kek, WrapForm form, const Key& key) {
  check_kek(kek, form);
  return kek.wrap(form, key);
}

std::shared_ptr<const Key> unwrap_key(const Key& kek, WrapForm form, const WrappedKey& expected, ByteView wrapped) {
  check_kek(kek, form);
  const size_t integrity = form == WrapForm::aes_key_wrap ? kIntegrity : 0;
  const std::vector<size_t> sizes =
      wrapped.size() < integrity ? std::vector<size_t>{} : sizes_of(expected, form, wrapped.size() - integrity);
  if (sizes.empty()) raise_length(expected, form, wrapped.size());
  for (const size_t size : sizes) {
    try {
      std::shared_ptr<const Key> key = kek.unwrap(form, expected.type, size, wrapped);
      if (expected.kcv.empty() || constant_time_equal(key->kcv(), expected.kcv)) return key;
    } catch (const Error& error) {
      if (size == sizes.back()) throw error.within("unwrapping a key");
    }
  }
  throw Error(ErrorKind::usage,
              "unwrapping a key: its check value is another one than given; it was wrapped under another key, is of "
              "another type, or the check value is that of another key");
}

}  // namespace cw::crypto
