// Which key store a run gets: the file of --keys, that of CARDWRIGHT_KEYS, or for a simulated card the published test
// keys, so that a first try needs no set-up.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "crypto/key_store.h"
#include "se/flavor.h"

namespace cw::app {

struct KeySource {
  std::shared_ptr<const crypto::KeyStore> store{};
  bool built_in = false;
};

/// `configured` is the value of CARDWRIGHT_KEYS, or null. Raises usage: the file cannot be read, others can read it, or
/// it is no key store.
KeySource open_keys(const std::optional<std::filesystem::path>& file, const char* configured, const se::Flavor& card);

/// Key sets for the simulated card alone: `isd` is what a card of this flavor leaves the factory with; the others are
/// what flows in scripts/demo put onto it.
crypto::FileKeyStore test_keys(const se::Flavor& card);

}  // namespace cw::app
