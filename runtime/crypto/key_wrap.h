// A key under another one, for the way between two custodies: a card issuer's and ours, a backup, a token.
//
//   aes-key-wrap  RFC 3394: AES, with an integrity check; the default
//   aes-cbc       AES-CBC with zero IV, as GlobalPlatform does under an AES DEK; no integrity check but the KCV
//   des-ecb       3DES-ECB, as under a DES DEK; the same
//
// Plain functions without state; safe from any thread as the keys are.
#pragma once

#include <memory>
#include <string_view>

#include "crypto/key.h"

namespace cw::crypto {

/// Raises usage: no such form; names those there are.
WrapForm wrap_form(std::string_view name);
std::string_view name_of(WrapForm form);

/// Raises usage: the KEK is of another type than the form, or a token keeps the key.
Bytes wrap_key(const Key& kek, WrapForm form, const Key& key);

/// What the key is to be.
struct WrappedKey {
  KeyType type = KeyType::aes;
  size_t size = 0;  // bytes; 0: what the length of the wrapped key, its padding and the check value say
  Bytes kcv{};      // 3 bytes; empty: none was given
};

/// Raises usage, and keeps nothing: a KEK of another type, a length that cannot be, the integrity check failed (another
/// KEK, or changed), the check value is another one.
std::shared_ptr<const Key> unwrap_key(const Key& kek, WrapForm form, const WrappedKey& expected, ByteView wrapped);

}  // namespace cw::crypto
