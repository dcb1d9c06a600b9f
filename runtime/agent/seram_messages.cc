#include "agent/seram_messages.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/hex.h"

namespace cw::agent {

namespace {

using nlohmann::json;

constexpr std::chrono::milliseconds kLongestDelay{300'000};
constexpr int kMaxDepth = 8;

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorKind::http, "the server's answer is no message of GP SERAM: " + why);
}

json parse(std::string_view body) {
  const auto flat = [](int depth, json::parse_event_t, const json&) {
    if (depth > kMaxDepth) refuse("it is deeper than " + std::to_string(kMaxDepth) + " levels");
    return true;
  };
  json out = json::parse(body, flat, /*allow_exceptions=*/false);
  if (!out.is_object()) refuse("it is no JSON object");
  return out;
}

std::string text(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) refuse(std::string(name) + " is missing or no string");
  return found->get<std::string>();
}

RamCommand read_command(const json& in) {
  if (!in.is_object()) refuse("an entry of ramCommands is no object");
  const std::string type = text(in, "ramCommandType");
  RamCommand out;
  if (type == "ramStartCommand" || type == "startCommand") {
    out.kind = RamCommand::Kind::start;
  } else if (type == "ramStopCommand" || type == "stopCommand") {
    out.kind = RamCommand::Kind::stop;
  } else if (type == "notificationCommand") {
    out.kind = RamCommand::Kind::notification;
    out.notification = text(in, "deviceAppNotification");
  } else if (type == "seRamCommand") {
    out.kind = RamCommand::Kind::apdus;
    const auto list = in.find("listOfCAPDU");
    if (list == in.end() || !list->is_array()) refuse("listOfCAPDU is missing or no list");
    for (const json& apdu : *list) {
      if (!apdu.is_string()) refuse("an entry of listOfCAPDU is no string");
      out.apdus.push_back(apdu.get<std::string>());
    }
  } else {
    refuse("a ramCommandType is unknown");
  }
  return out;
}

}  // namespace

OrderMessage read_order(std::string_view body) {
  const json in = parse(body);
  OrderMessage out;
  if (const auto delay = in.find("delay"); delay != in.end()) {
    if (!delay->is_number_unsigned()) refuse("delay is no whole number from 0 on");
    const auto most = static_cast<uint64_t>(kLongestDelay.count());
    out.delay = std::chrono::milliseconds(std::min(delay->get<uint64_t>(), most));
  }
  if (const auto element = in.find("chosenSecureElement"); element != in.end()) {
    if (!element->is_object()) refuse("chosenSecureElement is no object");
    out.se_id = text(*element, "seId");
  }
  if (const auto commands = in.find("ramCommands"); commands != in.end()) {
    if (!commands->is_array()) refuse("ramCommands is no list");
    for (const json& command : *commands) out.commands.push_back(read_command(command));
  }
  return out;
}

std::string print_report(const ReportMessage& report) {
  json status{{"localAgentStatusEnum", report.status}, {"executedSeRamCommands", report.executed}};
  if (!report.error.empty()) status["errorMsg"] = report.error;
  json out{{"localAgentStatus", std::move(status)}};
  for (const std::vector<Bytes>& response : report.responses) {
    json list = json::array();
    for (const Bytes& apdu : response) list.push_back(to_hex(apdu));
    out["ramResponses"].push_back({{"ramResponseType", "seRamResponse"}, {"listOfRAPDU", std::move(list)}});
  }
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string print_handshake(const std::string& se_type, const std::string& se_id) {
  // The document's schema says supportedVersions, its example supportedVersion.
  const json versions = json::array({"2.0.0"});
  return json{{"secureElements", json::array({{{"seType", se_type}, {"seId", se_id}}})},
              {"supportedTransportProtocols", json::array({"HTTPS"})},
              {"supportedDataFormats", json::array({"application/json"})},
              {"supportedVersions", versions},
              {"supportedVersion", versions}}
      .dump();
}

void check_handshake(std::string_view body) {
  const json in = parse(body);
  const auto chose = [&](const char* name, const char* wanted) {
    const auto found = in.find(name);
    return found == in.end() || *found == wanted;
  };
  if (!in.contains("chosenDataFormat") && !in.contains("chosenDataProtocol")) refuse("it chooses no data format");
  if (!in.contains("chosenVersion") || !in.contains("chosenTransportProtocol")) {
    refuse("it chooses no version, or no transport protocol");
  }
  if (!chose("chosenDataFormat", "application/json") || !chose("chosenDataProtocol", "application/json") ||
      !chose("chosenVersion", "2.0.0") || !chose("chosenTransportProtocol", "HTTPS")) {
    refuse("it chooses what was not offered to it");
  }
}

}  // namespace cw::agent
