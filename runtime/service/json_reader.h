// JSON from outside, read with care: a bound on its depth, no name twice in one object. Comments only where people
// write the file.
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
};

/// Raises usage: no JSON (where it is wrong, none of its text), deeper than that, a name that stands twice.
nlohmann::json read_json(std::string_view text, const JsonRules& rules);

}  // namespace cw::service
