// The expanded remote application data format (ETSI TS 102 226 5.2), as a server needs it: command scripts printed,
// response scripts read strictly. Tags are those of ETSI TS 101 220 tables 7.18 to 7.20.
//
// Plain values and functions, safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace cw::service {

/// Of the template around the commands; they themselves always have a definite length.
enum class ScriptCoding {
  definite,    // AA, answered with AB
  indefinite,  // AE 80 ... 00 00, answered with AF
};

Bytes print_command_script(const std::vector<Bytes>& commands, ScriptCoding coding);

struct ResponseScript {
  std::vector<Bytes> answers{};         // R-APDUs, each at least a status word
  std::optional<uint32_t> executed{};   // number of executed command TLVs; AF has none
  std::optional<uint8_t> bad_format{};  // error type of table 5.12: 1 unknown tag, 2 wrong length, 3 length not found
  std::optional<uint8_t> suspension{};  // of an immediate action, table 5.14
  std::optional<uint8_t> chaining{};    // of script chaining, table 5.16

  bool operator==(const ResponseScript&) const = default;
};

constexpr size_t kMaxScriptAnswers = 4096;

/// AB or AF. Raises usage: no such script, bytes before or behind it, more than kMaxScriptAnswers.
ResponseScript read_response_script(ByteView bytes);

}  // namespace cw::service
