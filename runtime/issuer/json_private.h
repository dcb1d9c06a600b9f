// JSON as the issuer's side reads it: of a file that people write, and of strangers.
//
// Plain functions; safe from any thread.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace cw::issuer {

/// An object. Raises usage, naming none of the text: no JSON, no object, deeper than 8 levels, a name twice in an
/// object, more than 100,000 values.
nlohmann::json read_json(std::string_view text, bool comments);

/// `text` from outside with what would break a line replaced, and cut.
std::string shown(std::string_view text, size_t limit = 80);

}  // namespace cw::issuer
