// Going on after something failed: the one place beside main where an Error is caught.
#pragma once

#include <optional>

#include "base/error.h"

namespace cw::app {

/// The Error that `action` raised, or nothing.
template <class Action>
std::optional<Error> failure_of(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return {};
}

/// The line on standard error that says what went wrong.
void complain(const Error& error);

/// `error` without the place in `file`, a script of the program's own, which is no news to its user.
Error without_place(const Error& error, std::string_view file);

}  // namespace cw::app
