#include <algorithm>

#include "base/suggest.h"
#include "config_reader_private.h"

namespace cw::service {

using nlohmann::json;

namespace {

/// As a file's author would call it.
std::string kind_of(const json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  if (value.is_string()) return "a string";
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  return value.is_null() ? "null" : "a number";
}

bool has_control(const std::string& text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

}  // namespace

ConfigReader::ConfigReader(const json& value, std::string path, std::vector<std::string>& problems)
    : value_(value), path_(std::move(path)), problems_(problems) {}

void ConfigReader::problem(const std::string& key, const std::string& what) {
  problems_.push_back(path_of(key) + ": " + what);
}

const json* ConfigReader::find(const std::string& key, bool required) {
  known_.insert(key);
  if (has(key)) return &value_.at(key);
  if (required) problem(key, "is missing");
  return nullptr;
}

std::optional<ConfigReader> ConfigReader::object(const std::string& key) {
  const json* found = find(key, false);
  if (found == nullptr) return {};
  if (found->is_object()) return ConfigReader(*found, path_of(key), problems_);
  problem(key, "must be an object, and is " + kind_of(*found));
  return {};
}

std::string ConfigReader::text(const std::string& key, bool required) {
  const json* found = find(key, required);
  if (found == nullptr) return {};
  if (!found->is_string()) {
    problem(key, "must be a string, and is " + kind_of(*found));
    return {};
  }
  std::string out = found->get<std::string>();
  if (out.empty()) problem(key, "is empty; leave it out, or say what it is");
  if (has_control(out)) problem(key, "has control characters in it");
  return out;
}

int64_t ConfigReader::number(const std::string& key, int64_t otherwise, int64_t least, int64_t most) {
  const json* found = find(key, false);
  if (found == nullptr) return otherwise;
  const std::string wanted = "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  if (!found->is_number_integer()) {
    problem(key, wanted + ", and is " + (found->is_number() ? "none" : kind_of(*found)));
    return otherwise;
  }
  const bool huge = found->is_number_unsigned() && found->get<uint64_t>() > static_cast<uint64_t>(most);
  const int64_t out = huge ? most + 1 : found->get<int64_t>();
  if (out >= least && out <= most) return out;
  problem(key, wanted);
  return otherwise;
}

size_t ConfigReader::one_of(const std::string& key, const std::vector<std::string>& words, size_t otherwise) {
  const std::string given = text(key);
  if (given.empty()) return otherwise;
  const auto found = std::find(words.begin(), words.end(), given);
  if (found != words.end()) return static_cast<size_t>(found - words.begin());
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  problem(key, "must be one of " + all + did_you_mean(given, words));
  return otherwise;
}

std::vector<std::string> ConfigReader::texts(const std::string& key, bool required) {
  const json* found = find(key, required);
  if (found == nullptr) return {};
  std::vector<std::string> out;
  const bool right = found->is_array() && std::all_of(found->begin(), found->end(), [](const json& each) {
                       return each.is_string() && !each.get_ref<const std::string&>().empty();
                     });
  if (!right) {
    problem(key, "must be a list of strings, none of them empty");
    return out;
  }
  for (const json& each : *found) out.push_back(each.get<std::string>());
  if (out.empty() && required) problem(key, "is an empty list");
  return out;
}

std::vector<std::string> ConfigReader::keys() const {
  std::vector<std::string> out;
  for (const auto& [key, value] : value_.items()) out.push_back(key);
  return out;
}

void ConfigReader::finish() {
  const std::vector<std::string> known(known_.begin(), known_.end());
  for (const auto& [key, value] : value_.items()) {
    if (known_.count(key) == 0) problem(key, "is not known here" + did_you_mean(key, known));
  }
}

}  // namespace cw::service
