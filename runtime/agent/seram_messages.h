// Messages of GP SERAM 2.0 from the Local Agent's side.
//
// Plain values and functions, safe from any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace cw::agent {

/// One entry of ramCommands.
struct RamCommand {
  enum class Kind { start, apdus, notification, stop };

  Kind kind = Kind::start;
  std::vector<std::string> apdus{};  // hexadecimal, as it came
  std::string notification{};
};

struct OrderMessage {
  std::chrono::milliseconds delay{100};  // the document's default
  std::optional<std::string> se_id{};    // chosenSecureElement
  std::vector<RamCommand> commands{};
};

/// What is reported: the status, and a list of R-APDUs for each seRamCommand that was begun; an empty one: there was
/// none.
struct ReportMessage {
  std::string status = "POLLING";
  size_t executed = 0;
  std::string error{};
  std::vector<std::vector<Bytes>> responses{};
};

/// Either spelling of each command. Raises http: no such message.
OrderMessage read_order(std::string_view body);
std::string print_report(const ReportMessage& report);
std::string print_handshake(const std::string& se_type, const std::string& se_id);
/// Raises http: the server chose what was not offered.
void check_handshake(std::string_view body);

}  // namespace cw::agent
