// What of a command and its answer may be shown, and in which words: for traces, recordings and reports. Redacted by
// type: a secret is a name and a length, a key is a name, a LOAD block a file's hash and an offset.
#pragma once

#include <string>

#include "host/command.h"

namespace cw::engine {

/// Whether GlobalPlatform or ISO 7816-4 says what the answer is about: the card's content and state, never personal
/// data.
bool answer_is_public(const host::Command& command);

/// What the command is, in the standards' terms; contents of secrets, keys and files are not there to be shown.
std::string describe(const host::Command& command);

/// "9000 success", "6A88 referenced data not found (the AID is not in the registry)".
std::string describe(uint16_t sw, const host::Command& command);

}  // namespace cw::engine
