#include "scenario/capabilities.h"

#include <algorithm>

namespace cw::scenario {

namespace {

constexpr uint8_t kDes = 0x80;

bool has_keys(const se::Flavor& flavor, bool des) {
  return std::any_of(flavor.keys.begin(), flavor.keys.end(),
                     [&](const se::FactoryKeys& keys) { return (keys.type == kDes) == des; });
}

struct Capability {
  const char* name;
  bool (*has)(const Supply&, const se::Flavor&);
  const char* otherwise;
};

constexpr Capability kCapabilities[] = {
    {"simulated", [](const Supply& supply, const se::Flavor&) { return supply.simulated(); },
     "needs a simulated card (--card sim)"},
    {"fresh", [](const Supply& supply, const se::Flavor&) { return supply.fresh(); },
     "needs a card as it left the factory, and this one stays in its reader; --fresh says that it is"},
    {"content management", [](const Supply&, const se::Flavor& flavor) { return flavor.content_management; },
     "needs card content management, which this flavor does not have"},
    {"install for personalization",
     [](const Supply&, const se::Flavor& flavor) { return flavor.install_for_personalization; },
     "needs INSTALL [for personalization], which this flavor does not have"},
    {"scp02", [](const Supply&, const se::Flavor& flavor) { return flavor.scp02_i && has_keys(flavor, true); },
     "needs SCP02, which this flavor does not speak"},
    {"scp03", [](const Supply&, const se::Flavor& flavor) { return flavor.scp03_i && has_keys(flavor, false); },
     "needs SCP03, which this flavor does not speak"},
    {"authentication counter", [](const Supply&, const se::Flavor& flavor) { return flavor.auth_counter.limit != 0; },
     "needs a card that counts failed authentications, which this flavor does not"},
};

}  // namespace

std::vector<std::string> capability_names() {
  std::vector<std::string> out;
  for (const Capability& capability : kCapabilities) out.emplace_back(capability.name);
  return out;
}

std::optional<std::string> missing(const std::vector<std::string>& capabilities, const Supply& supply,
                                   const se::Flavor& flavor) {
  for (const Capability& capability : kCapabilities) {
    const bool wanted = std::find(capabilities.begin(), capabilities.end(), capability.name) != capabilities.end();
    if (wanted && !capability.has(supply, flavor)) return capability.otherwise;
  }
  return {};
}

}  // namespace cw::scenario
