// Asking a person for a secret: what is typed is not shown, not kept, and not in anybody's history.
#pragma once

#include <optional>
#include <string>

#include "base/secret.h"

namespace cw::app {

/// Whether somebody sits at standard input.
bool can_prompt();

/// Writes `question` to standard error and reads a line from the terminal without echo. Empty: Ctrl-C or Ctrl-D.
/// Raises usage: standard input is no terminal.
std::optional<Secret> prompt_secret(const std::string& question);

}  // namespace cw::app
