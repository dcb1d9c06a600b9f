#include "issuer/key_server_messages.h"

#include <charconv>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/hex.h"
#include "json_private.h"

namespace cw::issuer {

namespace {

using nlohmann::json;

constexpr size_t kKeyData = 10;
constexpr size_t kKeyInformation = 1024;
constexpr size_t kUrl = 255;
constexpr unsigned kIndexes = 255;

[[noreturn]] void fail(const std::string& what) { throw Error(ErrorKind::usage, what); }

Bytes hex_of(const char* name, const std::string& text) {
  for (const char c : text) {
    if (std::string_view("0123456789ABCDEFabcdef").find(c) == std::string_view::npos) {
      fail(std::string(name) + " must be hexadecimal digits");
    }
  }
  if (text.size() % 2 != 0) fail(std::string(name) + " must have two hexadecimal digits for each byte");
  return from_hex(text);
}

/// Without the tag and length that class 80 has in its answer to GET DATA.
Bytes value_of(Bytes data, uint8_t tag, size_t size) {
  if (data.size() == size + 2 && data[0] == tag && data[1] == size) data.erase(data.begin(), data.begin() + 2);
  return data;
}

const std::string& needed(const char* name, const std::optional<std::string>& text) {
  if (!text) fail(std::string(name) + " is missing");
  return *text;
}

Bytes key_data_of(const std::string& text) {
  Bytes out = value_of(hex_of("keyData", text), 0xCF, kKeyData);
  if (out.size() != kKeyData) {
    fail("keyData has " + std::to_string(out.size()) + " bytes; the value of CF has 10");
  }
  return out;
}

std::vector<gp::KeyInformation> key_information_of(const std::string& text) {
  const Bytes data = hex_of("keyInformation", text);
  if (data.size() > kKeyInformation) fail("keyInformation has more than 1024 bytes");
  std::vector<gp::KeyInformation> out;
  try {
    out = gp::parse_key_information(data);
  } catch (const Error&) {
    fail("keyInformation is no template E0 with a C0 for each key");
  }
  if (out.empty()) fail("keyInformation names no key");
  return out;
}

Bytes counter_of(const std::string& text) {
  const Bytes data = hex_of("sequenceCounter", text);
  const Bytes out = data.size() == 4 ? value_of(data, 0xC1, 2) : value_of(data, 0xC1, 3);
  if (out.size() != 2 && out.size() != 3) fail("sequenceCounter must have 2 bytes, or 3 for SCP03");
  return out;
}

unsigned index_of(const std::string& text) {
  unsigned out = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || out > kIndexes) {
    fail("kekIndex must be a number from 0 to " + std::to_string(kIndexes));
  }
  return out;
}

std::string url_of(const std::string& text) {
  if (text.size() > kUrl) fail("url has more than 255 characters");
  for (const char c : text) {
    if (c <= 0x20 || c >= 0x7F) fail("url has a character that no URL has");
  }
  return text;
}

std::optional<std::string> text_at(const json& from, const char* name) {
  const auto found = from.find(name);
  if (found == from.end()) return {};
  if (!found->is_string()) fail(std::string(name) + " must be a string");
  return found->get<std::string>();
}

/// A number, or its digits.
std::optional<std::string> index_at(const json& from) {
  const auto found = from.find("kekIndex");
  if (found != from.end() && found->is_number_unsigned()) return std::to_string(found->get<uint64_t>());
  return text_at(from, "kekIndex");
}

}  // namespace

DiversifiedKeysRequest request_of(const RequestTexts& texts) {
  DiversifiedKeysRequest out;
  if (texts.url) out.url = url_of(*texts.url);
  out.key_data = key_data_of(needed("keyData", texts.key_data));
  out.key_information = key_information_of(needed("keyInformation", texts.key_information));
  if (texts.sequence_counter && !texts.sequence_counter->empty()) {
    out.sequence_counter = counter_of(*texts.sequence_counter);
  }
  out.kek = index_of(needed("kekIndex", texts.kek));
  return out;
}

ReadRequest parse_json_request(std::string_view text) {
  try {
    const json message = read_json(text, false);
    return request_of({text_at(message, "url"), text_at(message, "keyData"), text_at(message, "keyInformation"),
                       text_at(message, "sequenceCounter"), index_at(message)});
  } catch (const Error& error) {
    return Refused{Refusal::malformed, "cannot read the request: " + error.message()};
  }
}

std::string to_json(const DiversifiedKeys& keys) {
  nlohmann::ordered_json out;
  const char* const names[] = {"Enc", "Mac", "Dek"};
  for (size_t i = 0; i < 3; ++i) out[std::string("enc") + names[i]] = to_hex(keys.wrapped[i]);
  for (size_t i = 0; i < 3; ++i) out[std::string("kcv") + names[i]] = to_hex(keys.kcvs[i]);
  out["keyVersion"] = to_hex(keys.version);
  out["keyType"] = name_of(keys.type);
  return out.dump();
}

std::string to_json(const Refused& refused) {
  const nlohmann::ordered_json out = {{"fault", name_of(refused.why)}, {"message", refused.message}};
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string_view name_of(Refusal why) {
  switch (why) {
    case Refusal::malformed:
      return "Malformed";
    case Refusal::not_accredited:
      return "NotAccredited";
    case Refusal::unknown_kek:
      return "UnknownKek";
    case Refusal::unknown_card:
      return "UnknownCard";
    case Refusal::unavailable:
      return "Unavailable";
    case Refusal::media_type:
      return "MediaType";
    case Refusal::soap_version:
      return "VersionMismatch";
    case Refusal::must_understand:
      return "MustUnderstand";
  }
  return "";
}

int status_of(Refusal why) {
  switch (why) {
    case Refusal::not_accredited:
      return 403;
    case Refusal::unknown_kek:
    case Refusal::unknown_card:
      return 404;
    case Refusal::unavailable:
      return 503;
    case Refusal::media_type:
      return 415;
    default:
      return 400;
  }
}

std::string_view name_of(crypto::KeyType type) { return type == crypto::KeyType::aes ? "AES" : "DES"; }

}  // namespace cw::issuer
