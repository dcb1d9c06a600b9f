// Going on after one of several things failed: the one place beside main where an Error is caught.
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

}  // namespace cw::app
