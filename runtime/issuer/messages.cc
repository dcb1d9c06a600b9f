#include "issuer/messages.h"

#include <cctype>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/hex.h"
#include "json_private.h"

namespace cw::issuer {

namespace {

using Json = nlohmann::json;
using Out = nlohmann::ordered_json;

constexpr size_t kMostText = 256;
constexpr size_t kMostEntries = 20'000;

/// A message that is read member by member, and what its signature is over.
class Reader {
 public:
  explicit Reader(std::string_view text) : message_(read_json(text, false)) {}

  std::string text(const char* name, bool required = true) {
    const Json* found = find(name, required);
    std::string out;
    if (found != nullptr) {
      if (!found->is_string()) wrong(name, "must be a string");
      out = found->get<std::string>();
      if (required && out.empty()) wrong(name, "is empty");
      if (required && out.size() > kMostText) wrong(name, "has more than 256 characters");
    }
    note(out);
    return out;
  }

  std::string operation() { return text(message_.contains("optType") ? "optType" : "opType"); }

  /// In upper case, so that it compares.
  std::string se_id() {
    std::string out = text("seId");
    for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return out;
  }

  std::optional<Bytes> hex(const char* name, bool required = true) {
    const std::string digits = text(name, required);
    if (digits.empty()) return {};
    return bytes_of(name, digits);
  }

  std::vector<Bytes> hexes(const char* name) {
    const Json* found = find(name, true);
    if (!found->is_array()) wrong(name, "must be a list of strings");
    if (found->size() > kMostEntries) wrong(name, "has more than 20000 entries");
    std::vector<Bytes> out;
    for (const Json& one : *found) {
      if (!one.is_string()) wrong(name, "must be a list of strings");
      note(one.get_ref<const std::string&>());
      out.push_back(bytes_of(name, one.get_ref<const std::string&>()));
    }
    return out;
  }

  /// A list of objects, if it is there.
  std::vector<ReportedReceipt> receipts() {
    const Json* found = find("receipts", true);
    if (!found->is_array()) wrong("receipts", "must be a list of objects");
    std::vector<ReportedReceipt> out;
    for (const Json& one : *found) {
      ReportedReceipt receipt;
      for (const auto& [name, place] : {std::pair{"rawData", &receipt.data}, {"response", &receipt.answer}}) {
        if (!one.is_object() || !one.contains(name) || !one.at(name).is_string()) {
          wrong("receipts", "each has rawData and response, both hexadecimal");
        }
        note(one.at(name).get_ref<const std::string&>());
        *place = bytes_of(name, one.at(name).get_ref<const std::string&>());
      }
      out.push_back(std::move(receipt));
    }
    return out;
  }

  /// After all others.
  Signed signature() {
    Signed out;
    out.timestamp = text("timestamp", false);
    out.nonce = text("nonce", false);
    out.elements = std::move(elements_);
    const Json* found = find("sign", false);
    if (found == nullptr) return out;
    if (!found->is_string()) wrong("sign", "must be a string");
    out.signature = bytes_of("sign", found->get<std::string>());
    return out;
  }

  const Json& message() const { return message_; }

 private:
  [[noreturn]] static void wrong(const std::string& name, const std::string& what) {
    throw Error(ErrorKind::usage, name + " " + what);
  }

  const Json* find(const char* name, bool required) const {
    const auto found = message_.find(name);
    if (found != message_.end() && !found->is_null()) return &*found;
    if (required) wrong(name, "is missing");
    return nullptr;
  }

  static Bytes bytes_of(const char* name, const std::string& digits) {
    for (const char c : digits) {
      if (!std::isxdigit(static_cast<unsigned char>(c))) wrong(name, "must be hexadecimal digits");
    }
    if (digits.size() % 2 != 0) wrong(name, "has an odd number of hexadecimal digits");
    return from_hex(digits);
  }

  void note(const std::string& value) { elements_ += value + "\n"; }

  Json message_;
  std::string elements_{};
};

Out code(Code code, bool as_number) {
  if (as_number) return code == Code::normal ? 0 : 9999;
  return code == Code::normal ? "0000" : "9999";
}

/// "0000", 0, "0".
bool is_normal(const Json& code) {
  if (code.is_number_integer()) return code.get<int64_t>() == 0;
  if (!code.is_string()) throw Error(ErrorKind::usage, "resultCode is neither a number nor a string");
  const auto& text = code.get_ref<const std::string&>();
  return !text.empty() && text.find_first_not_of('0') == std::string::npos;
}

std::vector<std::string> hexes(const std::vector<Bytes>& all) {
  std::vector<std::string> out;
  for (const Bytes& one : all) out.push_back(to_hex(one));
  return out;
}

std::string lines(const std::vector<std::string>& values) {
  std::string out;
  for (const std::string& value : values) out += value + "\n";
  return out;
}

void add(Out& out, const Stamp& stamp, const std::optional<Bytes>& signature) {
  out["timestamp"] = stamp.timestamp;
  out["nonce"] = stamp.nonce;
  if (signature) out["sign"] = to_hex(*signature);
}

}  // namespace

SsdRequest parse_ssd_request(std::string_view text) {
  Reader reader(text);
  SsdRequest out;
  out.tenant = reader.text("tenantId");
  out.operation = reader.operation();
  out.se_id = reader.se_id();
  out.sd_aid = *reader.hex("sdAid");
  if (out.sd_aid.size() < 5 || out.sd_aid.size() > 16) {
    throw Error(ErrorKind::usage, "sdAid has " + std::to_string(out.sd_aid.size()) + " bytes; an AID has 5 to 16");
  }
  out.privileges = reader.hex("expPrivilege", false);
  if (out.privileges && out.privileges->size() != 1 && out.privileges->size() != 3) {
    throw Error(ErrorKind::usage,
                "expPrivilege has " + std::to_string(out.privileges->size()) + " bytes; privileges have one or three");
  }
  const std::string scp = reader.text("scpConfig", false);
  out.scp = ScpConfig::parse(scp);
  if (!scp.empty() && !out.scp) {
    throw Error(ErrorKind::usage, "scpConfig must be protocol and option in four digits, 0255 or 0370");
  }
  out.signature = reader.signature();
  return out;
}

CommandsRequest parse_commands_request(std::string_view text) {
  Reader reader(text);
  CommandsRequest out;
  out.tenant = reader.text("tenantId");
  out.task = reader.text("taskId");
  out.se_id = reader.se_id();
  out.answers = reader.hexes("respList");
  for (const Bytes& answer : out.answers) {
    if (answer.size() < 2) throw Error(ErrorKind::usage, "respList has an entry without a status word");
  }
  out.signature = reader.signature();
  return out;
}

TokenRequest parse_token_request(std::string_view text) {
  Reader reader(text);
  TokenRequest out;
  out.tenant = reader.text("tenantId");
  out.operation = reader.operation();
  out.se_id = reader.se_id();
  out.data = reader.hexes("rawData");
  out.signature = reader.signature();
  return out;
}

ReceiptsRequest parse_receipts_request(std::string_view text) {
  Reader reader(text);
  ReceiptsRequest out;
  out.tenant = reader.text("tenantId");
  out.se_id = reader.se_id();
  out.receipts = reader.receipts();
  out.signature = reader.signature();
  return out;
}

KeysRequest parse_keys_request(std::string_view text) {
  Reader reader(text);
  KeysRequest out;
  out.tenant = reader.text("tenantId");
  out.se_id = reader.se_id();
  out.sd_aid = *reader.hex("sdAid");
  out.signature = reader.signature();
  return out;
}

std::string to_json(const Answer& answer, bool number_codes) {
  Out out;
  out["resultCode"] = code(answer.code, number_codes);
  if (!answer.se_id.empty()) out["seId"] = answer.se_id;
  if (!answer.message.empty()) out["resultMessage"] = answer.message;
  if (answer.apdus) {
    out["apduList"] = *answer.apdus;
    out["taskId"] = answer.task;
  }
  if (answer.tokens) out["token"] = *answer.tokens;
  return out.dump(-1, ' ', false, Out::error_handler_t::replace);
}

std::string elements_of(const KeyPush& push, const Stamp& stamp) {
  return lines({push.sei_tsm, to_hex(push.aid)}) + lines(hexes(push.encrypted)) + lines({push.algorithm, push.usage}) +
         lines(hexes(push.check_values)) +
         lines({push.tenant, push.se_id, to_hex(push.version), push.kek, stamp.timestamp, stamp.nonce});
}

std::string elements_of(const StatusPush& push, const Stamp& stamp) {
  return lines({push.sei_tsm, to_hex(push.aid), push.status, push.tenant, push.se_id, stamp.timestamp, stamp.nonce});
}

std::string to_json(const KeyPush& push, const Stamp& stamp, const std::optional<Bytes>& signature) {
  Out out;
  out["seiTsmId"] = push.sei_tsm;
  out["SsdAid"] = to_hex(push.aid);
  out["encryptedKey"] = hexes(push.encrypted);
  out["Alg"] = push.algorithm;
  out["Usage"] = push.usage;
  out["checkValue"] = hexes(push.check_values);
  out["tenantId"] = push.tenant;
  out["seId"] = push.se_id;
  out["keyVersion"] = to_hex(push.version);
  out["kekId"] = push.kek;
  add(out, stamp, signature);
  return out.dump();
}

std::string to_json(const StatusPush& push, const Stamp& stamp, const std::optional<Bytes>& signature) {
  Out out;
  out["seiTsmId"] = push.sei_tsm;
  out["ssidAid"] = to_hex(push.aid);
  out["status"] = push.status;
  out["tenantId"] = push.tenant;
  out["seId"] = push.se_id;
  add(out, stamp, signature);
  return out.dump();
}

PushAnswer parse_push_answer(std::string_view text) {
  Reader reader(text);
  if (!reader.message().contains("resultCode")) throw Error(ErrorKind::usage, "resultCode is missing");
  PushAnswer out;
  out.normal = is_normal(reader.message().at("resultCode"));
  out.message = shown(reader.text("resultMessage", false), 200);
  if (reader.message().contains("receipt") && reader.message().at("receipt").is_array()) {
    out.receipts = reader.hexes("receipt");
  }
  return out;
}

}  // namespace cw::issuer
