// JSON from outside, read with care: bounds on its depth and on how much is in it, no name twice in one object.
// Comments only where people write the file.
//
// Plain functions; safe from any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace cw::service {

struct JsonRules {
  size_t depth = 8;
  bool comments = false;
  size_t values = 100'000;  // and names, together
};

/// Raises usage: no JSON (where it is wrong, none of its text), deeper or more than that, a name that stands twice.
nlohmann::json read_json(std::string_view text, const JsonRules& rules);

}  // namespace cw::service
