// What differs between card products, as a run sees it: plain data by name, read by scripts as run.flavor.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>

#include "base/bytes.h"

namespace cw::engine {

using FlavorValue = std::variant<bool, int64_t, std::string, Bytes>;
using Flavor = std::map<std::string, FlavorValue>;

}  // namespace cw::engine
