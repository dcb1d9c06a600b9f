// Versions in a store as its operators see them, whichever thing they are versions of: policies, bundles.
//
// Thread rule: plain functions.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "store/store.h"

namespace cw::app {

/// One thing that there are versions of.
struct VersionKind {
  const char* what = "";                                              // "policy"
  store::Versions& (store::Store::*versions)() = nullptr;             // where they are
  std::string store::RunRow::*held = nullptr;                         // which one a run holds
  std::function<void(store::Store&, const std::string&)> readable{};  // raises: this program cannot read that version
};

const VersionKind& policy_kind();
const VersionKind& bundle_kind();

/// "policy strict 3F9A12345678".
std::string shown(const VersionKind& kind, const store::Version& version);

/// As of one moment: which state each version is in.
class VersionStates {
 public:
  VersionStates(store::Store& store, const VersionKind& kind);

  /// "in use", "draining" (it was, and runs hold it), "ready" or "discarded".
  std::string of(const store::Version& version) const;
  const std::optional<store::Use>& in_use() const { return in_use_; }
  const std::vector<store::Use>& history() const { return history_; }

 private:
  std::optional<store::Use> in_use_;
  std::vector<store::Use> history_;
};

/// Ids of the runs that are not over and hold it.
std::vector<std::string> holders(store::Store& store, const VersionKind& kind, const std::string& hash);

/// `uses`: when it was used, too.
nlohmann::ordered_json json_of(store::Store& store, const VersionKind& kind, const store::Version& version,
                               const VersionStates& states, bool uses);

/// All of them, on standard output; `under`: what runs begin under where none is in use.
void print_versions(store::Store& store, const VersionKind& kind, bool as_json, const std::string& under);

/// What is known of one beside what it says, on standard output.
void print_version(store::Store& store, const VersionKind& kind, const store::Version& version,
                   const VersionStates& states);

}  // namespace cw::app
