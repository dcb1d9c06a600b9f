#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/suggest.h"
#include "plain_fields_private.h"

namespace cw::engine::fields {

void fail(const std::string& place, const std::string& what) { throw Error(ErrorKind::policy, place + ": " + what); }

void known(const std::string& place, const Plain& table, const std::vector<std::string>& names) {
  const auto* map = table.as<Plain::Map>();
  if (map == nullptr) fail(place, std::string("must be a table, and is ") + table.type());
  for (const auto& [name, value] : *map) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      fail(place, "unknown field '" + name + "'" + did_you_mean(name, names));
    }
  }
}

const Plain& need(const std::string& place, const Plain& table, const std::string& name) {
  const Plain* value = table.get(name);
  if (value == nullptr) fail(place, "the field '" + name + "' is missing");
  return *value;
}

std::string text(const std::string& place, const Plain& value) {
  const auto* out = value.as<std::string>();
  if (out == nullptr) fail(place, std::string("must be a string, and is ") + value.type());
  return *out;
}

int64_t number(const std::string& place, const Plain& value) {
  const auto* out = value.as<double>();
  if (out == nullptr || *out != std::floor(*out) || *out < 0 || *out > 1e15) {
    fail(place, "must be a whole number from 0 up");
  }
  return static_cast<int64_t>(*out);
}

Plain::List list(const std::string& place, const Plain& value) {
  if (const auto* out = value.as<Plain::List>()) return *out;
  if (const auto* map = value.as<Plain::Map>(); map != nullptr && map->empty()) return {};
  fail(place, std::string("must be a list, and is ") + value.type());
}

std::vector<std::string> texts(const std::string& place, const Plain& value) {
  std::vector<std::string> out;
  for (const Plain& item : list(place, value)) out.push_back(text(place, item));
  return out;
}

}  // namespace cw::engine::fields
