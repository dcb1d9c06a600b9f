#include "service/seram.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/hex.h"
#include "base/overloaded.h"
#include "json_reading_private.h"

namespace cw::service {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr size_t kMaxElements = 32;
constexpr size_t kMaxName = 256;
constexpr size_t kMaxApdu = 65'544;  // extended: header, lengths, 65535 bytes of data
constexpr const char* kTransport = "HTTPS";
constexpr const char* kFormat = "application/json";
constexpr const char* kVersion = "2.0.0";
constexpr std::array kTypes{"eSE", "iSE", "uicc", "euicc", "ieuicc", "undefined"};

constexpr const char* kHandshake = "handshake";
constexpr const char* kReport = "report";

[[noreturn]] void refuse(const char* what, const std::string& why) {
  throw Error(ErrorKind::usage, std::string("cannot read the ") + what + ": " + why);
}

std::string needed(std::optional<std::string> value, const char* what, const char* name) {
  if (!value) refuse(what, std::string(name) + " is missing");
  if (value->empty() || value->size() > kMaxName) {
    refuse(what, std::string(name) + " must have 1 to " + std::to_string(kMaxName) + " characters");
  }
  return std::move(*value);
}

SecureElement read_element(const json& value) {
  if (!value.is_object()) refuse(kHandshake, "a secure element is no object");
  SecureElement out{needed(text_member(value, kHandshake, "seType"), kHandshake, "seType"),
                    needed(text_member(value, kHandshake, "seId"), kHandshake, "seId"),
                    text_member(value, kHandshake, "seExtraInfo").value_or("")};
  if (std::find(kTypes.begin(), kTypes.end(), out.type) == kTypes.end()) {
    refuse(kHandshake, "seType '" + printable(out.type, 20) + "' is none of eSE, iSE, uicc, euicc, ieuicc, undefined");
  }
  if (printable(out.id, kMaxName) != out.id) refuse(kHandshake, "seId has characters in it that are no plain text");
  if (out.extra.size() > kMaxName) refuse(kHandshake, "seExtraInfo is too long");
  return out;
}

/// A list of words under the first of these names that is there.
void read_words(const json& object, std::initializer_list<const char*> names, std::vector<std::string>& out) {
  for (const char* name : names) {
    const json* list = array_member(object, kHandshake, name);
    if (list == nullptr) continue;
    out.clear();
    for (const json& word : *list) {
      if (!word.is_string()) refuse(kHandshake, std::string(name) + " has an entry that is no string");
      out.push_back(word.get<std::string>());
    }
    return;
  }
}

bool offers(const std::vector<std::string>& words, const char* wanted) {
  return std::find(words.begin(), words.end(), wanted) != words.end();
}

SeramReport::Status read_status(const std::string& text) {
  using Status = SeramReport::Status;
  if (text == "PROCESSED") return Status::processed;
  if (text == "POLLING") return Status::polling;
  if (text == "UNAVAILABLE_SE") return Status::unavailable_se;
  if (text == "UNKNOWN_FAILURE") return Status::unknown_failure;
  // The document's text on errorMsg writes it the second way.
  if (text == "UNGRANTED_ACCESS" || text == "UNGRANDED_ACCESS") return Status::ungranted_access;
  refuse(kReport, "localAgentStatusEnum '" + printable(text, 30) + "' is unknown");
}

Bytes read_apdu(const json& value) {
  if (!value.is_string()) refuse(kReport, "an entry of listOfRAPDU is no string");
  const auto& text = value.get_ref<const std::string&>();
  const auto digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f'); };
  if (text.size() % 2 != 0 || !std::all_of(text.begin(), text.end(), digit)) {
    refuse(kReport, "an entry of listOfRAPDU is no pairs of hexadecimal digits");
  }
  if (text.size() / 2 == 1) refuse(kReport, "an entry of listOfRAPDU has one byte; a status word has two");
  if (text.size() / 2 > kMaxApdu) refuse(kReport, "an entry of listOfRAPDU is longer than an APDU can be");
  return from_hex(text);
}

std::vector<Bytes> read_response(const json& value) {
  if (!value.is_object()) refuse(kReport, "an entry of ramResponses is no object");
  const std::string type = needed(text_member(value, kReport, "ramResponseType"), kReport, "ramResponseType");
  if (type != "seRamResponse") refuse(kReport, "ramResponseType '" + printable(type, 30) + "' is unknown");
  const json* list = array_member(value, kReport, "listOfRAPDU");
  if (list == nullptr) refuse(kReport, "listOfRAPDU is missing");
  std::vector<Bytes> out;
  out.reserve(list->size());
  for (const json& apdu : *list) out.push_back(read_apdu(apdu));
  return out;
}

ordered_json print_element(const SecureElement& element) {
  ordered_json out{{"seType", element.type}, {"seId", element.id}};
  if (!element.extra.empty()) out["seExtraInfo"] = element.extra;
  return out;
}

ordered_json print_command(const SeramCommand& command) {
  return std::visit(
      Overloaded{[](const SeramStart&) -> ordered_json {
                   return {{"ramCommandType", "ramStartCommand"}};
                 },
                 [](const SeramApdus& apdus) -> ordered_json {
                   ordered_json list = ordered_json::array();
                   for (const Bytes& one : apdus.commands) list.push_back(to_hex(one));
                   return {{"ramCommandType", "seRamCommand"}, {"listOfCAPDU", std::move(list)}};
                 },
                 [](const SeramNotification& notification) -> ordered_json {
                   return {{"ramCommandType", "notificationCommand"}, {"deviceAppNotification", notification.text}};
                 },
                 [](const SeramStop&) -> ordered_json {
                   return {{"ramCommandType", "ramStopCommand"}};
                 }},
      command);
}

}  // namespace

std::optional<SeramCall> seram_call(std::string_view target) {
  constexpr std::string_view kSession = "sessionId=";
  constexpr size_t kMaxSession = 8192;  // a ticket may be one
  const std::string_view path = target.substr(0, target.find('?'));
  SeramCall out;
  if (path == "/gp/seram/remoteManagement") {
    out.endpoint = SeramCall::Endpoint::remote_management;
  } else if (path != "/gp/seram/handshake") {
    return {};
  }
  const std::string_view query = target.substr(std::min(path.size() + 1, target.size()));
  if (!query.starts_with(kSession)) throw Error(ErrorKind::usage, "the request names no sessionId, or more than that");
  out.session = query.substr(kSession.size());
  const auto plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
           c == '_' || c == '~';
  };
  if (out.session.empty() || out.session.size() > kMaxSession ||
      !std::all_of(out.session.begin(), out.session.end(), plain)) {
    throw Error(ErrorKind::usage,
                "sessionId must be 1 to " + std::to_string(kMaxSession) + " letters, digits and - . _ ~");
  }
  return out;
}

SeramHandshake read_seram_handshake(std::string_view body) {
  const json object = read_object(body, kHandshake, {.bytes = 64u << 10, .values = 500});
  const json* elements = array_member(object, kHandshake, "secureElements");
  if (elements == nullptr || elements->empty()) refuse(kHandshake, "secureElements is missing or empty");
  if (elements->size() > kMaxElements) {
    refuse(kHandshake, "it names more than " + std::to_string(kMaxElements) + " secure elements");
  }
  SeramHandshake out;
  for (const json& element : *elements) out.elements.push_back(read_element(element));
  read_words(object, {"supportedTransportProtocols"}, out.transports);
  read_words(object, {"supportedDataFormats"}, out.formats);
  read_words(object, {"supportedVersions", "supportedVersion"}, out.versions);
  return out;
}

std::optional<std::string> answer_seram_handshake(const SeramHandshake& handshake) {
  if (!offers(handshake.transports, kTransport) || !offers(handshake.formats, kFormat) ||
      !offers(handshake.versions, kVersion)) {
    return {};
  }
  // "required" names chosenDataProtocol, the properties chosenDataFormat.
  return ordered_json{{"chosenTransportProtocol", kTransport},
                      {"chosenDataFormat", kFormat},
                      {"chosenDataProtocol", kFormat},
                      {"chosenVersion", kVersion}}
      .dump();
}

SeramReport read_seram_report(std::string_view body) {
  const json object = read_object(body, kReport);
  const json* status = object_member(object, kReport, "localAgentStatus");
  if (status == nullptr) refuse(kReport, "localAgentStatus is missing");
  SeramReport out;
  out.status =
      read_status(needed(text_member(*status, kReport, "localAgentStatusEnum"), kReport, "localAgentStatusEnum"));
  out.message = printable(text_member(*status, kReport, "errorMsg").value_or(""));
  if (const json* responses = array_member(object, kReport, "ramResponses")) {
    for (const json& response : *responses) out.responses.push_back(read_response(response));
  }
  // It is not required: who leaves it out has executed what there is a response for.
  out.executed = number_member(*status, kReport, "executedSeRamCommands").value_or(out.responses.size());
  return out;
}

std::string print_seram(const SeramMessage& message) {
  ordered_json out{{"delay", message.delay}};
  if (message.element) out["chosenSecureElement"] = print_element(*message.element);
  if (!message.commands.empty()) {
    ordered_json list = ordered_json::array();
    for (const SeramCommand& command : message.commands) list.push_back(print_command(command));
    out["ramCommands"] = std::move(list);
  }
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace cw::service
