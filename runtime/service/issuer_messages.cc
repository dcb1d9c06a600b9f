#include "service/issuer_messages.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/error.h"
#include "base/hex.h"
#include "json_reading_private.h"

namespace cw::service {

namespace {

using nlohmann::json;

constexpr JsonLimits kLimits{64u << 10, 4, 200};
constexpr size_t kMostText = 256;
constexpr size_t kLongestAid = 16, kShortestAid = 5;
constexpr size_t kCheckValue = 3;

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

/// A message that is read member by member, in the order in which its elements are signed.
class Reader {
 public:
  Reader(std::string_view text, const char* what) : what_(what), message_(read_object(text, what, kLimits)) {}

  std::string text(const char* name, bool required = true) {
    std::string out;
    if (const json* found = find(name, required)) {
      if (!found->is_string()) wrong(name, "must be a string");
      out = found->get<std::string>();
      if (required && out.empty()) wrong(name, "is empty");
      if (out.size() > kMostText) wrong(name, "has more than 256 characters");
    }
    elements_ += out + "\n";
    return out;
  }

  /// Whichever of its names the sender uses.
  std::string aid() {
    for (const char* name : {"SsdAid", "ssidAid", "ssdAid", "sdAid"}) {
      if (!message_.contains(name)) continue;
      const std::string out = upper(text(name));
      const size_t size = bytes_of(name, out).size();
      if (size < kShortestAid || size > kLongestAid)
        wrong(name, "has " + std::to_string(size) + " bytes, and an AID 5 to 16");
      return out;
    }
    wrong("SsdAid", "is missing");
  }

  /// A list; one string is a list of one.
  std::vector<Bytes> hexes(const char* name) {
    const json* found = find(name, true);
    std::vector<Bytes> out;
    const auto add = [&](const json& one) {
      if (!one.is_string()) wrong(name, "must be a list of strings");
      elements_ += one.get_ref<const std::string&>() + "\n";
      out.push_back(bytes_of(name, one.get_ref<const std::string&>()));
    };
    if (found->is_array()) {
      for (const json& one : *found) add(one);
    } else {
      add(*found);
    }
    return out;
  }

  std::string se_id() {
    std::string out = upper(text("seId", false));
    bytes_of("seId", out);
    return out;
  }

  /// After all others.
  MessageSeal seal() {
    MessageSeal out;
    out.timestamp = stamp();
    out.nonce = text("nonce", false);
    out.elements = std::move(elements_);
    if (const json* found = find("sign", false)) {
      if (!found->is_string()) wrong("sign", "must be a string");
      out.signature = bytes_of("sign", found->get<std::string>());
    }
    return out;
  }

  [[noreturn]] void wrong(const std::string& name, const std::string& why) const {
    throw Error(ErrorKind::usage, "cannot read the " + what_ + ": " + name + " " + why);
  }

  Bytes bytes_of(const char* name, const std::string& digits) const {
    const bool hex = std::all_of(digits.begin(), digits.end(), [](unsigned char c) { return std::isxdigit(c) != 0; });
    if (!hex || digits.size() % 2 != 0) wrong(name, "must be hexadecimal, two digits for each byte");
    return from_hex(digits);
  }

 private:
  /// Some write the number as one.
  std::string stamp() {
    const json* found = find("timestamp", false);
    if (found == nullptr || found->is_string()) return text("timestamp", false);
    if (!found->is_number_unsigned()) wrong("timestamp", "must be the seconds since 1970");
    std::string out = std::to_string(found->get<uint64_t>());
    elements_ += out + "\n";
    return out;
  }

  const json* find(const char* name, bool required) const {
    const auto found = message_.find(name);
    if (found != message_.end() && !found->is_null()) return &*found;
    if (required) wrong(name, "is missing");
    return nullptr;
  }

  std::string what_;
  json message_;
  std::string elements_{};
};

/// In which order the keys come: "ENC,MAC,DEK" says it, "SCP03" leaves it as GlobalPlatform has it.
std::array<size_t, 3> order_of(const Reader& reader, const std::string& usage) {
  if (usage.find(',') == std::string::npos) return {0, 1, 2};
  std::array<size_t, 3> out{};
  size_t seen = 0;
  size_t place = 0;
  for (size_t at = 0; at <= usage.size(); ++place) {
    const size_t end = std::min(usage.find(',', at), usage.size());
    std::string word = usage.substr(at, end - at);
    std::erase(word, ' ');
    at = end + 1;
    const std::array<const char*, 3> names = {"ENC", "MAC", "DEK"};
    const auto found = std::find(names.begin(), names.end(), upper(word));
    if (found == names.end() || place > 2) reader.wrong("Usage", "names the keys ENC, MAC and DEK, each once");
    out[static_cast<size_t>(found - names.begin())] = place;
    seen |= size_t{1} << (found - names.begin());
  }
  if (seen != 7) reader.wrong("Usage", "names the keys ENC, MAC and DEK, each once");
  return out;
}

template <class Value>
std::vector<Value> ordered(const std::vector<Value>& values, const std::array<size_t, 3>& order) {
  return {values[order[0]], values[order[1]], values[order[2]]};
}

}  // namespace

KeySync parse_key_sync(std::string_view text) {
  Reader reader(text, "keys of a domain");
  KeySync out;
  out.head.sender = reader.text("seiTsmId");
  out.head.aid = reader.aid();
  out.wrapped = reader.hexes("encryptedKey");
  out.algorithm = upper(reader.text("Alg"));
  const std::string usage = reader.text("Usage");
  out.check_values = reader.hexes("checkValue");
  if (out.wrapped.size() != 3) reader.wrong("encryptedKey", "must be three keys: ENC, MAC, DEK");
  if (out.check_values.size() != 3) reader.wrong("checkValue", "must be three check values, one for each key");
  for (const Bytes& one : out.check_values) {
    if (one.size() != kCheckValue) reader.wrong("checkValue", "must be three bytes for each key");
  }
  const auto order = order_of(reader, usage);
  out.wrapped = ordered(out.wrapped, order);
  out.check_values = ordered(out.check_values, order);
  out.head.tenant = reader.text("tenantId", false);
  out.head.se_id = reader.se_id();
  const std::string version = reader.text("keyVersion", false);
  if (!version.empty()) {
    const Bytes number = reader.bytes_of("keyVersion", version);
    if (number.size() != 1 || number[0] == 0 || number[0] > 0x7F) {
      reader.wrong("keyVersion", "must be 01 to 7F, in two hexadecimal digits");
    }
    out.version = number[0];
  }
  out.kek = reader.text("kekId", false);
  out.seal = reader.seal();
  return out;
}

StateSync parse_state_sync(std::string_view text) {
  Reader reader(text, "state of a domain");
  StateSync out;
  out.head.sender = reader.text("seiTsmId");
  out.head.aid = reader.aid();
  out.status = upper(reader.text("status"));
  out.head.tenant = reader.text("tenantId", false);
  out.head.se_id = reader.se_id();
  out.seal = reader.seal();
  return out;
}

std::string to_json(const SyncAnswer& answer, bool number_codes) {
  nlohmann::ordered_json out;
  if (number_codes) {
    out["resultCode"] = answer.normal ? 0 : 9999;
  } else {
    out["resultCode"] = answer.normal ? "0000" : "9999";
  }
  if (!answer.message.empty()) out["resultMessage"] = answer.message;
  for (const Bytes& receipt : answer.receipts) out["receipt"].push_back(to_hex(receipt));
  return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace cw::service
