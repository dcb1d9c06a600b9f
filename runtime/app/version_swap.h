// The commands that swap versions while runs go on, the same for whichever thing they are versions of.
//
// Thread rule: plain functions.
#pragma once

#include <string>

#include "app/bundle_source.h"
#include "app/store_place.h"
#include "app/version_kind.h"

namespace cw::app {

struct SwapOptions {
  StorePlace place{};
  std::string version{};
  std::string canary{};
  std::string reason{};

  void add_version_to(CLI::App& command);
  void add_canary_to(CLI::App& command);
  void add_reason_to(CLI::App& command);
};

/// Raises usage: a reason that is not one line.
void want_one_line(const std::string& reason);

/// Lets runs begin under it, all or a part, and says so. Raises as change_version().
void use_version(store::Store& store, const VersionKind& kind, const SwapOptions& options, const Signers& signers = {});
/// Back to the one before.
void roll_back(const VersionKind& kind, const SwapOptions& options);
void discard_version(const VersionKind& kind, const SwapOptions& options);

}  // namespace cw::app
