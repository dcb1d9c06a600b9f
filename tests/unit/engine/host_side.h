// What the host knows of a product, for stories with a simulated card of it.
#pragma once

#include <string>

#include "engine/flavor.h"
#include "se/flavor.h"

namespace cw::engine {

inline Flavor host_side(const se::Flavor& flavor) {
  constexpr uint8_t des = 0x80;
  return {{"name", flavor.name},
          {"isd_aid", flavor.isd_aid},
          {"ssd_aid", flavor.ssd_aid},
          {"ssd_package", flavor.ssd_package},
          {"ssd_module", flavor.ssd_module},
          {"privilege_bytes", int64_t{flavor.privilege_length}},
          {"install_for_personalization", flavor.install_for_personalization},
          {"list_modules", flavor.list_modules},
          {"delete_cascade", flavor.delete_cascade},
          {"scp", std::string(flavor.keys.front().type == des ? "02" : "03")}};
}

}  // namespace cw::engine
