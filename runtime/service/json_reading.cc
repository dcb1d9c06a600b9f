#include "base/error.h"
#include "json_reading_private.h"
#include "service/json_reader.h"

namespace cw::service {

namespace {

using nlohmann::json;

[[noreturn]] void refuse(const std::string& what, const std::string& why) {
  throw Error(ErrorKind::usage, "cannot read the " + what + ": " + why);
}

const json* member(const json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

}  // namespace

json read_object(std::string_view text, const char* what, const JsonLimits& limits) {
  if (text.size() > limits.bytes) {
    refuse(what, "it has " + std::to_string(text.size()) + " bytes, at most " + std::to_string(limits.bytes));
  }
  json out;
  try {
    out = read_json(text, {.depth = limits.depth, .values = limits.values});
  } catch (const Error& error) {
    refuse(what, error.message());
  }
  if (!out.is_object()) refuse(what, "it is no JSON object");
  return out;
}

std::optional<std::string> text_member(const json& object, const char* what, const char* name) {
  const json* value = member(object, name);
  if (value == nullptr) return {};
  if (!value->is_string()) refuse(what, std::string(name) + " is no string");
  return value->get<std::string>();
}

std::optional<uint64_t> number_member(const json& object, const char* what, const char* name) {
  const json* value = member(object, name);
  if (value == nullptr) return {};
  if (!value->is_number_unsigned()) refuse(what, std::string(name) + " is no whole number from 0 on");
  return value->get<uint64_t>();
}

const json* array_member(const json& object, const char* what, const char* name) {
  const json* value = member(object, name);
  if (value != nullptr && !value->is_array()) refuse(what, std::string(name) + " is no list");
  return value;
}

const json* object_member(const json& object, const char* what, const char* name) {
  const json* value = member(object, name);
  if (value != nullptr && !value->is_object()) refuse(what, std::string(name) + " is no object");
  return value;
}

std::string printable(std::string_view value, size_t limit) {
  std::string out;
  for (const char c : value.substr(0, limit)) {
    const auto byte = static_cast<unsigned char>(c);
    out.push_back(byte < 0x20 || byte >= 0x7F ? '?' : c);
  }
  return value.size() > limit ? out + "..." : out;
}

}  // namespace cw::service
