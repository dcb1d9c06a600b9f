// JSON on standard output. What a card or a script says need not be UTF-8: what is not is replaced.
//
// Thread rule: plain functions.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace cw::app {

/// Without an end of line.
std::string json_line(const nlohmann::ordered_json& value);

/// Indented, with an end of line, and flushed.
void print_json(const nlohmann::ordered_json& value);

/// A member that is a string; empty: there is none.
std::string text_in(const nlohmann::ordered_json& value, const char* name);

}  // namespace cw::app
