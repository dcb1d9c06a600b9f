// Where a `cardwright keys` command works: the key store, what opens it, and the store whose audit tells of it.
//
// Thread rule: plain values.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/store_place.h"
#include "crypto/pkcs11_store.h"
#include "crypto/vault.h"

namespace cw::app {

struct KeysPlace {
  std::string keys{};  // empty: CARDWRIGHT_KEYS
  std::optional<std::filesystem::path> passphrase_file{};
  StorePlace store{};

  void add_to(CLI::App& command);

  /// A path or a pkcs11: URI. Raises usage: neither --keys nor CARDWRIGHT_KEYS.
  std::string where() const;
  /// For commands that only look. Raises usage, store: as open_key_store.
  std::shared_ptr<const crypto::KeyStore> open() const;
  /// Raises usage: a text file, which changes by hand alone; what to do.
  std::shared_ptr<crypto::KeyKeeper> open_to_change() const;
  /// What a sealed file alone has: generations, backups. Raises usage: it is a text file or a token; what to do.
  std::shared_ptr<crypto::Vault> vault() const;
  /// Raises usage: it is none.
  std::shared_ptr<crypto::Pkcs11KeyStore> token() const;

  /// Before a change: the store that it goes into, if one was named. Null: none was.
  std::shared_ptr<store::Store> audit() const;
};

/// What was done to which key, durable on return. Nothing without a store.
void tell_audit(const std::shared_ptr<store::Store>& store, const std::string& action, const std::string& key,
                const std::vector<std::pair<std::string, std::string>>& details = {});

/// What is known of each key: of a text file what they are.
std::vector<crypto::KeyRecord> key_records(const crypto::KeyStore& keys);
/// Raises usage: no such key.
crypto::KeyRecord key_record(const crypto::KeyStore& keys, const std::string& name);
/// The keys themselves: three of a set, or one. Raises usage: no such key, or it may not be used.
std::vector<std::shared_ptr<const crypto::Key>> keys_named(const crypto::KeyStore& keys, const std::string& name);

}  // namespace cw::app
