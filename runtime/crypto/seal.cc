#include "crypto/seal.h"

#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/files.h"
#include "crypto/digest.h"
#include "openssl_private.h"
#include "secret_bytes_private.h"

namespace cw::crypto {

namespace {

constexpr size_t kKeySize = 32;
constexpr size_t kNonceSize = 12;
constexpr size_t kTagSize = 16;

using KdfPtr = std::unique_ptr<EVP_KDF, Freed<EVP_KDF_free>>;
using KdfCtxPtr = std::unique_ptr<EVP_KDF_CTX, Freed<EVP_KDF_CTX_free>>;

const EVP_CIPHER* aes_256_gcm() {
  static const CipherPtr cipher = fetch_cipher("AES-256-GCM");
  return cipher.get();
}

const EVP_KDF* hkdf() {
  static const KdfPtr kdf = [] {
    KdfPtr fetched(EVP_KDF_fetch(nullptr, "HKDF", nullptr));
    if (!fetched) raise_openssl("fetching HKDF");
    return fetched;
  }();
  return kdf.get();
}

CipherCtxPtr context(const Secret& key, ByteView nonce, std::string_view bound, bool seal) {
  CipherCtxPtr ctx(EVP_CIPHER_CTX_new());
  if (!ctx) raise_openssl("making a cipher");
  int size = 0;
  check(EVP_CipherInit_ex2(ctx.get(), aes_256_gcm(), SecretBytes::view(key).data(), nonce.data(), seal, nullptr),
        "keying AES-GCM");
  check(EVP_CipherUpdate(ctx.get(), nullptr, &size, view(bound).data(), static_cast<int>(bound.size())),
        "binding a context");
  return ctx;
}

[[noreturn]] void refuse(std::string_view bound) {
  throw Error(ErrorKind::store,
              "cannot open what is sealed as \"" + std::string(bound) +
                  "\": it was changed, cut short, moved from its place, or sealed under another key; look whether the "
                  "key file is the store's own, then run cardwright store check",
              {}, "sealed");
}

/// Writes the plain bytes to `out`, which has their size.
void open_into(const Secret& key, ByteView sealed, std::string_view bound, std::span<uint8_t> out) {
  const CipherCtxPtr ctx = context(key, sealed.first(kNonceSize), bound, false);
  Bytes tag = to_bytes(sealed.last(kTagSize));
  int size = 0;
  check(EVP_CipherUpdate(ctx.get(), out.data(), &size, sealed.data() + kNonceSize, static_cast<int>(out.size())),
        "opening");
  check(EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(kTagSize), tag.data()), "opening");
  if (EVP_CipherFinal_ex(ctx.get(), nullptr, &size) != 1) {
    ERR_clear_error();
    wipe(out.data(), out.size());
    refuse(bound);
  }
}

size_t plain_size(ByteView sealed, std::string_view bound) {
  if (sealed.size() < kNonceSize + kTagSize) refuse(bound);
  return sealed.size() - kNonceSize - kTagSize;
}

int digit(uint8_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The key that 64 digits and at most one end of line spell.
std::optional<Secret> key_in(const Secret& text) {
  ByteView digits = SecretBytes::view(text);
  if (!digits.empty() && digits.back() == '\n') digits = digits.first(digits.size() - 1);
  if (digits.size() != 2 * kKeySize) return {};
  Secret key = SecretBytes::zeros(kKeySize);
  const auto out = SecretBytes::writable(key);
  for (size_t i = 0; i < kKeySize; ++i) {
    const int high = digit(digits[2 * i]), low = digit(digits[2 * i + 1]);
    if (high < 0 || low < 0) return {};
    out[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return key;
}

Secret parse_key(const Secret& text, const std::filesystem::path& file) {
  std::optional<Secret> key = key_in(text);
  if (!key) {
    throw Error(ErrorKind::usage, file.string() +
                                      " is no key of a store: it has to hold 64 hexadecimal digits and nothing else; "
                                      "openssl rand -hex 32 makes such a key");
  }
  return std::move(*key);
}

[[noreturn]] void cannot_make(const std::filesystem::path& file) {
  const int error = errno;
  throw Error(ErrorKind::usage, "cannot make the key file " + file.string() + ": " + ::strerror(error));
}

/// A new file with a random key, complete and on the disk before it has its name. The name is taken only if it is free,
/// so of two processes one makes the key and both read it.
void make_key_file(const std::filesystem::path& file) {
  const Secret key = random_secret(kKeySize);
  Secret text = SecretBytes::zeros(2 * kKeySize + 1);
  const auto to = SecretBytes::writable(text);
  const ByteView bytes = SecretBytes::view(key);
  for (size_t i = 0; i < kKeySize; ++i) {
    to[2 * i] = static_cast<uint8_t>("0123456789abcdef"[bytes[i] >> 4]);
    to[2 * i + 1] = static_cast<uint8_t>("0123456789abcdef"[bytes[i] & 15]);
  }
  to.back() = '\n';

  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  std::string name = file.string() + ".XXXXXX";
  const Fd fd{::mkostemp(name.data(), O_CLOEXEC)};  // mode 0600
  if (fd.get() < 0) cannot_make(file);
  const bool wrote = ::write(fd.get(), to.data(), to.size()) == static_cast<ssize_t>(to.size()) &&
                     ::fsync(fd.get()) == 0 && (::link(name.c_str(), file.c_str()) == 0 || errno == EEXIST);
  const int error = errno;
  ::unlink(name.c_str());
  errno = error;
  if (!wrote) cannot_make(file);
  const Fd entry{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (entry.get() < 0 || ::fsync(entry.get()) != 0) cannot_make(file);
}

}  // namespace

SealingKey SealingKey::random() { return SealingKey(random_secret(kKeySize)); }

std::optional<SealingKey> SealingKey::of_digits(const Secret& text) {
  std::optional<Secret> key = key_in(text);
  if (!key) return {};
  return SealingKey(std::move(*key));
}

SealingKey SealingKey::of_passphrase(const Secret& passphrase, const Scrypt& how) {
  const ByteView words = SecretBytes::view(passphrase);
  uint64_t n = how.n, memory = 256 * how.n * how.r;
  uint32_t r = how.r, p = how.p;
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, const_cast<uint8_t*>(words.data()), words.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, const_cast<uint8_t*>(how.salt.data()), how.salt.size()),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
      OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r),
      OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory),
      OSSL_PARAM_construct_end()};
  const KdfPtr scrypt(EVP_KDF_fetch(nullptr, "SCRYPT", nullptr));
  const KdfCtxPtr ctx(scrypt ? EVP_KDF_CTX_new(scrypt.get()) : nullptr);
  if (!ctx) raise_openssl("making a key derivation");
  Secret key = SecretBytes::zeros(kKeySize);
  const auto to = SecretBytes::writable(key);
  check(EVP_KDF_derive(ctx.get(), to.data(), to.size(), params), "deriving a key from a passphrase");
  return SealingKey(std::move(key));
}

SealingKey SealingKey::load(const std::filesystem::path& file) {
  return SealingKey(parse_key(read_secret_file(file), file));
}

SealingKey SealingKey::load_or_make(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) make_key_file(file);
  return load(file);
}

Bytes SealingKey::seal(ByteView plain, std::string_view bound) const {
  Bytes out = random_bytes(kNonceSize);
  const CipherCtxPtr ctx = context(key_, out, bound, true);
  out.resize(kNonceSize + plain.size() + kTagSize);
  int size = 0;
  check(EVP_CipherUpdate(ctx.get(), out.data() + kNonceSize, &size, plain.data(), static_cast<int>(plain.size())),
        "sealing");
  check(EVP_CipherFinal_ex(ctx.get(), nullptr, &size), "sealing");
  check(EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(kTagSize),
                            out.data() + out.size() - kTagSize),
        "sealing");
  return out;
}

Bytes SealingKey::seal(const Secret& plain, std::string_view bound) const {
  return seal(SecretBytes::view(plain), bound);
}

Bytes SealingKey::seal(const SealingKey& plain, std::string_view bound) const { return seal(plain.key_, bound); }

Bytes SealingKey::open(ByteView sealed, std::string_view bound) const {
  Bytes out(plain_size(sealed, bound));
  open_into(key_, sealed, bound, out);
  return out;
}

Secret SealingKey::open_secret(ByteView sealed, std::string_view bound) const {
  Secret out = SecretBytes::zeros(plain_size(sealed, bound));
  open_into(key_, sealed, bound, SecretBytes::writable(out));
  return out;
}

SealingKey SealingKey::open_key(ByteView sealed, std::string_view bound) const {
  Secret key = open_secret(sealed, bound);
  if (key.size() != kKeySize) refuse(bound);
  return SealingKey(std::move(key));
}

Bytes SealingKey::mac(std::string_view purpose, ByteView data) const {
  const ByteView key = SecretBytes::view(key_);
  char hash[] = "SHA2-256";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, hash, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, const_cast<uint8_t*>(key.data()), key.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, const_cast<char*>(purpose.data()), purpose.size()),
      OSSL_PARAM_construct_end()};
  const KdfCtxPtr ctx(EVP_KDF_CTX_new(const_cast<EVP_KDF*>(hkdf())));
  if (!ctx) raise_openssl("making a key derivation");
  Secret derived = SecretBytes::zeros(kKeySize);
  const auto to = SecretBytes::writable(derived);
  check(EVP_KDF_derive(ctx.get(), to.data(), to.size(), params), "deriving a key");
  Bytes out(kKeySize);
  unsigned size = 0;
  if (HMAC(EVP_sha256(), to.data(), static_cast<int>(to.size()), data.data(), data.size(), out.data(), &size) ==
      nullptr) {
    raise_openssl("computing a MAC");
  }
  return out;
}

}  // namespace cw::crypto
