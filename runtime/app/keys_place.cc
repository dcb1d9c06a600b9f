#include "app/keys_place.h"

#include <cstdlib>

#include <CLI/CLI.hpp>

#include "app/key_source.h"
#include "app/operator_name.h"
#include "base/error.h"

namespace cw::app {

namespace {

using crypto::KeyPurpose;
using crypto::KeyRecord;

KeyRecord record_of(const crypto::KeySet& set) {
  KeyRecord out;
  out.name = set.name;
  out.version = set.version;
  out.type = set.enc->type();
  out.size = set.enc->size();
  out.kcvs = {set.enc->kcv()};
  if (set.enc == set.mac) {
    out.purpose = KeyPurpose::master;
    out.diversification = set.diversification.empty() ? "none" : set.diversification;
  } else {
    out.kcvs.push_back(set.mac->kcv());
    out.kcvs.push_back(set.dek->kcv());
  }
  return out;
}

KeyRecord record_of(const std::string& name, const crypto::Key& key) {
  KeyRecord out;
  out.name = name;
  out.purpose = KeyPurpose::kek;
  out.type = key.type();
  out.size = key.size();
  out.kcvs = {key.kcv()};
  return out;
}

/// Of a text file. Nothing: a key of another kind, RSA or ECC.
std::optional<KeyRecord> record_in(const crypto::KeyStore& keys, const std::string& name) {
  try {
    return record_of(keys.find(name));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage) throw;
  }
  try {
    return record_of(name, *keys.find_key(name));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage) throw;
    return {};
  }
}

}  // namespace

void KeysPlace::add_to(CLI::App& command) {
  command.add_option("--keys", keys, "key store: a sealed file, or a token's pkcs11: URI (default: $CARDWRIGHT_KEYS)")
      ->type_name("FILE");
  command
      .add_option("--passphrase-file", passphrase_file,
                  "private file with what the sealed file is opened with (default: "
                  "$CARDWRIGHT_KEYS_PASSPHRASE_FILE, else it is asked for)")
      ->type_name("FILE");
  store.add_to(command);
}

std::string KeysPlace::where() const {
  const char* configured = std::getenv("CARDWRIGHT_KEYS");
  if (!keys.empty()) return keys;
  if (configured != nullptr && *configured != '\0') return configured;
  throw Error(ErrorKind::usage, "which keys? Give --keys FILE, or set CARDWRIGHT_KEYS to one");
}

std::shared_ptr<const crypto::KeyStore> KeysPlace::open() const {
  const std::string place = where();
  if (!crypto::Vault::is_vault(place)) return open_key_store(place);
  return vault();
}

std::shared_ptr<crypto::KeyKeeper> KeysPlace::open_to_change() const {
  return crypto::is_pkcs11_uri(where()) ? std::static_pointer_cast<crypto::KeyKeeper>(token()) : vault();
}

std::shared_ptr<crypto::Pkcs11KeyStore> KeysPlace::token() const {
  const std::string place = where();
  if (crypto::is_pkcs11_uri(place)) return crypto::Pkcs11KeyStore::open(crypto::parse_pkcs11_uri(place));
  throw Error(ErrorKind::usage, place + " is no token; in a sealed file each key has its purpose since it was made");
}

std::shared_ptr<crypto::Vault> KeysPlace::vault() const {
  const std::string place = where();
  if (crypto::is_pkcs11_uri(place)) {
    throw Error(ErrorKind::usage, place +
                                      " is a token, which keeps no generations of a key and is backed up by its own "
                                      "tools; make or import the next key under another name");
  }
  if (!std::filesystem::exists(place)) {
    throw Error(ErrorKind::usage, "there is no " + place + "; cardwright keys init makes a sealed key file");
  }
  if (!crypto::Vault::is_vault(place)) {
    throw Error(ErrorKind::usage, place +
                                      " is no sealed key file; cardwright keys init makes one, and cardwright keys "
                                      "import --from " +
                                      place + " takes over what is in a text file");
  }
  return crypto::Vault::open(place, key_passphrase(passphrase_file, "passphrase of " + place + ": "));
}

std::shared_ptr<store::Store> KeysPlace::audit() const { return store.store ? store.open() : nullptr; }

void tell_audit(const std::shared_ptr<store::Store>& store, const std::string& action, const std::string& key,
                const std::vector<std::pair<std::string, std::string>>& details) {
  if (store) store->audit().add({operator_name(), action, key, details});
}

std::vector<KeyRecord> key_records(const crypto::KeyStore& keys) {
  if (const auto* keeper = dynamic_cast<const crypto::KeyKeeper*>(&keys)) return keeper->records();
  std::vector<KeyRecord> out;
  for (const std::string& name : keys.names()) {
    if (std::optional<KeyRecord> record = record_in(keys, name)) out.push_back(std::move(*record));
  }
  return out;
}

KeyRecord key_record(const crypto::KeyStore& keys, const std::string& name) {
  if (const auto* keeper = dynamic_cast<const crypto::KeyKeeper*>(&keys)) return keeper->record(name);
  if (std::optional<KeyRecord> record = record_in(keys, name)) return *record;
  return record_of(name, *keys.find_key(name));  // which says what is near
}

std::vector<std::shared_ptr<const crypto::Key>> keys_named(const crypto::KeyStore& keys, const std::string& name) {
  if (const auto* keeper = dynamic_cast<const crypto::KeyKeeper*>(&keys)) return keeper->keys_of(name);
  const KeyRecord record = key_record(keys, name);
  if (record.purpose == KeyPurpose::kek) return {keys.find_key(name)};
  const crypto::KeySet set = keys.find(name);
  if (record.purpose == KeyPurpose::master) return {set.enc};
  return {set.enc, set.mac, set.dek};
}

}  // namespace cw::app
