// The commands that swap versions while runs go on, the same for whichever thing they are versions of.
//
// Thread rule: plain functions.
#pragma once

#include <string>

#include "app/desk_place.h"
#include "app/version_kind.h"

namespace cw::app {

struct SwapOptions {
  DeskPlace place{};
  std::string version{};
  std::string canary{};
  std::string reason{};

  void add_version_to(CLI::App& command);
  void add_canary_to(CLI::App& command);
  void add_reason_to(CLI::App& command);
};

/// Raises usage: a reason that is not one line.
void want_one_line(const std::string& reason);

/// What there are versions of, and what a desk is asked to do with them.
struct SwapWords {
  const VersionKind& (*kind)();
  service::Ask use;
  service::Ask roll_back;
  service::Ask discard;
};

/// Lets runs begin under it, all or a part, and says so. Raises as the desk does.
void use_version(const SwapWords& words, const SwapOptions& options);
/// Back to the one before.
void roll_back(const SwapWords& words, const SwapOptions& options);
void discard_version(const SwapWords& words, const SwapOptions& options);

}  // namespace cw::app
