// Scripts of the expanded remote application data format (ETSI TS 102 226 5.2) from the device's side: command scripts
// read, response scripts printed.
//
// Plain values and functions, safe from any thread.
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"

namespace cw::agent {

/// Table 5.12: why a script could not be read to its end.
enum class BadFormat : uint8_t { unknown_tag = 1, wrong_length = 2, length_not_found = 3 };

struct CommandScript {
  bool definite = true;  // AA; else AE
  std::vector<Bytes> commands{};
  std::optional<BadFormat> bad{};  // then nothing of it is to be executed
};

CommandScript read_script(ByteView bytes);

/// The answer to it: AB to AA, AF to AE.
Bytes print_answers(const std::vector<Bytes>& answers, const CommandScript& script);

/// Whether the command after one with this answer is sent: the script stops at the first error, and where an answer was
/// cut (62F1, TS 102 226 5.2.1.1).
bool goes_on(ByteView answer);

}  // namespace cw::agent
