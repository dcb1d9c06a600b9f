// Sealing: AES-256-GCM under keys that never leave this folder. For what a store keeps.
//
// Thread rule: immutable; share freely.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/secret.h"

namespace cw::crypto {

/// How slow it is to try a passphrase (scrypt, RFC 7914): 128 * n * r bytes of memory.
struct Scrypt {
  uint64_t n = 1u << 15;  // a power of two
  uint32_t r = 8;
  uint32_t p = 1;
  Bytes salt{};
};

class SealingKey {
 public:
  static SealingKey random();
  static SealingKey of_passphrase(const Secret& passphrase, const Scrypt& how);
  /// The key that 64 hex digits and at most one end of line spell; nothing: it is something else.
  static std::optional<SealingKey> of_digits(const Secret& text);
  /// The key in a file of 64 hex digits that only its owner may read. Raises usage as read_secret_file, or where it
  /// holds something else.
  static SealingKey load(const std::filesystem::path& file);
  /// The same; makes the file with a random key if there is none. Two processes that start together get the same key.
  static SealingKey load_or_make(const std::filesystem::path& file);

  SealingKey(SealingKey&&) noexcept = default;
  SealingKey& operator=(SealingKey&&) noexcept = default;
  SealingKey clone() const { return SealingKey(key_.clone()); }

  /// Nonce (12 bytes, random), cipher text, tag (16). `context` is bound and not kept: what it is, and where it stands.
  Bytes seal(ByteView plain, std::string_view context) const;
  Bytes seal(const Secret& plain, std::string_view context) const;
  Bytes seal(const SealingKey& plain, std::string_view context) const;
  /// Raises store: changed, cut short, sealed under another key or in another context.
  Bytes open(ByteView sealed, std::string_view context) const;
  Secret open_secret(ByteView sealed, std::string_view context) const;
  SealingKey open_key(ByteView sealed, std::string_view context) const;

  /// HMAC-SHA256 of `data` under a key derived from this one for `purpose` (HKDF, RFC 5869); 32 bytes. Says nothing
  /// about the data to those who do not have the key.
  Bytes mac(std::string_view purpose, ByteView data) const;

 private:
  explicit SealingKey(Secret key) : key_(std::move(key)) {}
  Secret key_;  // 32 bytes
};

}  // namespace cw::crypto
