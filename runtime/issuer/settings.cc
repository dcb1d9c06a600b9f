#include <algorithm>

#include "base/error.h"
#include "base/hex.h"
#include "base/suggest.h"
#include "json_private.h"
#include "settings_private.h"

namespace cw::issuer {

using nlohmann::json;

Settings::Settings(const json& value, std::string place, std::vector<std::string>& problems)
    : value_(value), place_(std::move(place)), problems_(problems) {}

void Settings::problem(const std::string& name, const std::string& what) {
  problems_.push_back((place_.empty() ? "" : place_ + ".") + shown(name) + ": " + what);
}

const json* Settings::find(const std::string& name, bool required) {
  known_.insert(name);
  const auto found = value_.find(name);
  if (found != value_.end()) return &*found;
  if (required) problem(name, "is missing");
  return nullptr;
}

std::string Settings::text(const std::string& name, bool required) {
  const json* found = find(name, required);
  if (found == nullptr) return {};
  if (found->is_string() && !found->get_ref<const std::string&>().empty()) return found->get<std::string>();
  problem(name, "must be a text that is not empty");
  return {};
}

std::vector<std::string> Settings::texts(const std::string& name, bool required) {
  const json* found = find(name, required);
  if (found == nullptr) return {};
  std::vector<std::string> out;
  bool right = found->is_array() && !found->empty();
  for (const json& one : *found) {
    right = right && one.is_string() && !one.get_ref<const std::string&>().empty();
    if (right) out.push_back(one.get<std::string>());
  }
  if (right) return out;
  problem(name, "must be a list of texts, none of them empty");
  return {};
}

Bytes Settings::hex(const std::string& name, bool required, size_t least, size_t most) {
  const std::string digits = text(name, required);
  if (digits.empty()) return {};
  Bytes out;
  try {
    out = from_hex(digits);
  } catch (const Error&) {
    problem(name, "must be hexadecimal digits, two for each byte");
    return {};
  }
  if (out.size() >= least && out.size() <= most) return out;
  problem(name, "has " + std::to_string(out.size()) + " bytes, " + std::to_string(least) + " to " +
                    std::to_string(most) + " are right");
  return {};
}

int64_t Settings::number(const std::string& name, int64_t otherwise, int64_t least, int64_t most) {
  const json* found = find(name, false);
  if (found == nullptr) return otherwise;
  // Of a number beyond int64_t, get() would give another.
  if (found->is_number_integer() && !(found->is_number_unsigned() && found->get<uint64_t>() > INT64_MAX)) {
    const auto value = found->get<int64_t>();
    if (value >= least && value <= most) return value;
  }
  problem(name, "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return otherwise;
}

bool Settings::flag(const std::string& name, bool otherwise) {
  const json* found = find(name, false);
  if (found == nullptr) return otherwise;
  if (found->is_boolean()) return found->get<bool>();
  problem(name, "must be true or false");
  return otherwise;
}

size_t Settings::one_of(const std::string& name, const std::vector<std::string>& words, size_t otherwise) {
  const std::string given = text(name);
  if (given.empty()) return otherwise;
  const auto found = std::find(words.begin(), words.end(), given);
  if (found != words.end()) return static_cast<size_t>(found - words.begin());
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  problem(name, "must be one of " + all + did_you_mean(given, words));
  return otherwise;
}

void Settings::object(const std::string& name, bool required, const std::function<void(Settings&)>& read) {
  const json* found = find(name, required);
  if (found == nullptr) return;
  if (!found->is_object()) return problem(name, "must be an object");
  Settings inner(*found, (place_.empty() ? "" : place_ + ".") + name, problems_);
  read(inner);
  inner.finish();
}

void Settings::each(const std::string& name, bool required,
                    const std::function<void(const std::string&, Settings&)>& read) {
  const json* found = find(name, required);
  if (found == nullptr) return;
  const bool right = (found->is_object() || found->is_array()) &&
                     std::all_of(found->begin(), found->end(), [](const json& one) { return one.is_object(); });
  if (!right || (required && found->empty())) return problem(name, "must hold one object or more, and nothing else");
  for (const auto& item : found->items()) {
    Settings inner(item.value(), (place_.empty() ? "" : place_ + ".") + name + "." + shown(item.key()), problems_);
    read(item.key(), inner);
    inner.finish();
  }
}

std::vector<std::string> Settings::names() const {
  std::vector<std::string> out;
  for (const auto& item : value_.items()) out.push_back(item.key());
  return out;
}

void Settings::finish() {
  const std::vector<std::string> known(known_.begin(), known_.end());
  for (const auto& item : value_.items()) {
    if (known_.count(item.key()) == 0) problem(item.key(), "is not known here" + did_you_mean(item.key(), known));
  }
}

std::filesystem::path read_file_name(Settings& from, const std::string& name, const std::filesystem::path& folder,
                                     bool required) {
  const std::string text = from.text(name, required);
  return text.empty() ? std::filesystem::path() : folder / text;
}

std::filesystem::path read_key_store_name(Settings& from, const std::filesystem::path& folder) {
  const std::string text = from.text("keys", true);
  if (text.starts_with("pkcs11:")) return text;
  return text.empty() ? std::filesystem::path() : folder / text;
}

net::TlsSetup read_tls(Settings& from, const std::filesystem::path& folder) {
  net::TlsSetup out;
  out.certificate = read_file_name(from, "certificate", folder, true);
  out.key = read_file_name(from, "key", folder, true);
  out.clients = net::ClientCertificates::demanded;
  for (const std::string& one : from.texts("authorities", true)) out.authorities.push_back(folder / one);
  out.revoked = read_file_name(from, "revoked", folder);
  return out;
}

std::string read_subject(Settings& from, bool required) {
  std::string out = from.text("subject", required);
  if (!out.empty() && out.find('=') == std::string::npos) {
    from.problem("subject", "is no subject of a certificate; one is written as in CN=acme,O=Acme");
  }
  return out;
}

}  // namespace cw::issuer
