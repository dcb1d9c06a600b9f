// Messages of strangers: JSON as json_reader.h reads it, and members that are asked for by name and type.
//
// Plain functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/bytes.h"

namespace cw::service {

struct JsonLimits {
  size_t bytes = 4u << 20;
  size_t depth = 8;
  size_t values = 20'000;
};

/// An object. `what` it is, for messages: "handshake". Raises usage: not JSON, no object, more than the limits let, a
/// key twice.
nlohmann::json read_object(std::string_view text, const char* what, const JsonLimits& limits = {});

// Members of `object`; `what` names it in messages. All raise usage: the wrong type.

/// Empty: not there.
std::optional<std::string> text_member(const nlohmann::json& object, const char* what, const char* name);
std::optional<uint64_t> number_member(const nlohmann::json& object, const char* what, const char* name);
/// nullptr: not there.
const nlohmann::json* array_member(const nlohmann::json& object, const char* what, const char* name);
const nlohmann::json* object_member(const nlohmann::json& object, const char* what, const char* name);

/// The string `value`, with what would break a line or a terminal replaced, and cut to a length fit for a message.
std::string printable(std::string_view value, size_t limit = 200);

}  // namespace cw::service
