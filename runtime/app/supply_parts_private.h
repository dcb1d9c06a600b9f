// What the supplies of `cardwright test` share: keys by flavor, what the host knows of a card, chips; and how each kind
// is opened.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "app/supplies.h"

namespace cw::app {

using Supplies = std::vector<std::unique_ptr<scenario::Supply>>;

/// Key stores by flavor; a file is read once.
class Keys {
 public:
  /// `simulated`: where there is no file, the flavor's test keys will do.
  Keys(std::optional<std::filesystem::path> file, bool simulated) : file_(std::move(file)), simulated_(simulated) {}

  std::shared_ptr<const crypto::KeyStore> of(const se::Flavor& flavor);

 private:
  std::optional<std::filesystem::path> file_;
  bool simulated_;
  std::mutex mutex_{};
  std::map<std::string, std::shared_ptr<const crypto::KeyStore>> stores_{};
};

/// What the host knows of a card, by its flavor.
void describe(scenario::PlayedCard& card, const se::Flavor& product);

/// A chip of this flavor, with that memory or as it leaves the factory. Raises usage: a memory of another flavor.
se::Card make_chip(const std::string& flavor, const std::optional<std::string>& memory, uint64_t seed);

/// "", "*": every flavor. Raises usage: no such flavor.
std::vector<std::string> flavors_named(const std::string& name);

// `rest` is what stands behind the colon of --card.
Supplies in_virtual_readers(const std::string& rest, const SupplyOptions& options);  // FLAVOR@HOST:PORT
Supplies in_readers(const std::string& rest, const SupplyOptions& options);          // READER, a pattern with *
Supplies on_recording(const std::string& file, const SupplyOptions& options);

}  // namespace cw::app
