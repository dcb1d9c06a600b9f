// Which key store a run gets: that of --keys, that of CARDWRIGHT_KEYS, or for a simulated card the published test keys,
// so that a first try needs no set-up. A key store is a text file, a sealed file, or a token named by a pkcs11: URI.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "crypto/key_store.h"
#include "se/flavor.h"

namespace cw::app {

struct KeySource {
  std::shared_ptr<const crypto::KeyStore> store{};
  bool built_in = false;
  bool none = false;  // no file, and no test keys since the card is a real one: the store is empty

  /// Raises usage if there are none: what to do. For whoever needs keys.
  void demand() const;
};

/// A text file, a sealed file, or the token of a pkcs11: URI. Raises usage: it cannot be read, others can read it, it
/// is no key store, its passphrase or PIN is not there or wrong.
std::shared_ptr<const crypto::KeyStore> open_key_store(const std::string& place);
/// The same place from any folder: a URI as it is, else the absolute path.
std::string key_place_text(const std::filesystem::path& place);
/// What a sealed file is opened with: the content of `file`, else of the one that CARDWRIGHT_KEYS_PASSPHRASE_FILE
/// names, else what a person types. Raises usage: none of them.
Secret key_passphrase(const std::optional<std::filesystem::path>& file, const std::string& question);

/// `configured` is the value of CARDWRIGHT_KEYS, or null; `simulated` the flavor of a simulated card, or null for any
/// other. Raises usage: the file cannot be read, others can read it, or it is no key store.
KeySource open_keys(const std::optional<std::filesystem::path>& file, const char* configured,
                    const se::Flavor* simulated);

/// Key sets for the simulated card alone: `isd` is what a card of this flavor leaves the factory with; the others are
/// what flows in scripts/demo put onto it.
crypto::FileKeyStore test_keys(const se::Flavor& card);
/// The same as the text of a key file. They are published, so they may be seen.
std::string test_keys_text(const se::Flavor& card);

}  // namespace cw::app
