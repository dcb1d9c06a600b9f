// The bytes of a sealed key file:
//
//   cardwright-keys 1 scrypt 32768 8 1 SALT CHECK   for a passphrase: n, r and p of scrypt
//   cardwright-keys 1 key CHECK                     for a key
//
// and below that line nonce, cipher text and tag; the line is bound to them. CHECK tells another passphrase from a file
// that was changed.
#pragma once

#include <filesystem>
#include <optional>

#include "crypto/key_record.h"
#include "crypto/seal.h"

namespace cw::crypto {

struct VaultEntry {
  KeyRecord record{};
  std::vector<Secret> bytes{};  // none: destroyed
};

/// How a file is sealed: what is derived of the passphrase once, and its first line.
struct VaultLock {
  SealingKey key;
  std::string head;  // with its end of line
};

VaultLock new_lock(const Secret& secret);
/// Of a file that is there; `known` is taken if the head is the same. Raises usage: no such file, another passphrase.
VaultLock lock_of(const std::filesystem::path& file, ByteView content, const Secret& secret, const VaultLock* known);

Bytes sealed_entries(const VaultLock& lock, const std::vector<VaultEntry>& entries);
/// Raises store: it was changed.
std::vector<VaultEntry> opened_entries(const VaultLock& lock, const std::filesystem::path& file, ByteView content);

bool has_vault_head(ByteView content);

}  // namespace cw::crypto
