// GP SERAM 2.0, HTTP REST binding, from the Remote Agent's side: its JSON messages, read strictly and printed as the
// schemas have them. Where schema and examples of that document disagree, both spellings are read, and the names of the
// schemas' mapping are printed (docs/decisions/0030).
//
// Plain values and functions, safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"

namespace cw::service {

struct SecureElement {
  std::string type{};  // eSE, iSE, uicc, euicc, ieuicc, undefined
  std::string id{};
  std::string extra{};

  bool operator==(const SecureElement&) const = default;
};

/// Which endpoint a request is for, and which session.
struct SeramCall {
  enum class Endpoint { handshake, remote_management };

  Endpoint endpoint = Endpoint::handshake;
  std::string session{};  // letters, digits and - . _ ~
};

/// `target`: "/gp/seram/handshake?sessionId=7". Nothing: another path. Raises usage: no sessionId, or one that is none.
std::optional<SeramCall> seram_call(std::string_view target);

/// What a Local Agent can do, in its order of preference.
struct SeramHandshake {
  std::vector<SecureElement> elements{};
  std::vector<std::string> transports{"HTTPS"};
  std::vector<std::string> formats{"application/json"};
  std::vector<std::string> versions{"2.0.0"};
};

/// Raises usage: no such message.
SeramHandshake read_seram_handshake(std::string_view body);
/// The answer; nothing: there is no common ground, which is HTTP 406.
std::optional<std::string> answer_seram_handshake(const SeramHandshake& handshake);

/// What a Local Agent reports.
struct SeramReport {
  enum class Status { processed, polling, unavailable_se, unknown_failure, ungranted_access };

  Status status = Status::polling;
  uint64_t executed = 0;                        // seRamCommands
  std::string message{};                        // printable
  std::vector<std::vector<Bytes>> responses{};  // one list for each seRamResponse; an empty R-APDU: there was none
};

/// Raises usage: no such message.
SeramReport read_seram_report(std::string_view body);

struct SeramStart {};
struct SeramApdus {
  std::vector<Bytes> commands{};
};
struct SeramNotification {
  std::string text{};  // UTF-8
};
struct SeramStop {};
using SeramCommand = std::variant<SeramStart, SeramApdus, SeramNotification, SeramStop>;

/// What a Remote Agent orders.
struct SeramMessage {
  uint32_t delay = 0;  // milliseconds before the next request
  std::optional<SecureElement> element{};
  std::vector<SeramCommand> commands{};
};

std::string print_seram(const SeramMessage& message);

}  // namespace cw::service
