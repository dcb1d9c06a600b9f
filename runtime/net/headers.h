// Names and values of HTTP headers: what may stand in them, and how one is found. For client and server alike.
//
// Plain functions without state; safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cw::net {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// RFC 9110 5.6.2: letters, digits and a few signs, at least one.
bool is_token(std::string_view text);
/// RFC 9110 5.5: no control characters but tabs. With a line end in it, a value would be headers of its own.
bool is_field_value(std::string_view text);
/// Names of headers and most of HTTP's words are the same in any case.
bool same_word(std::string_view a, std::string_view b);

/// The first of this name, or nullptr.
const std::string* find_header(const Headers& headers, std::string_view name);
size_t count_headers(const Headers& headers, std::string_view name);

}  // namespace cw::net
