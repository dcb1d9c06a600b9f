// Versions in a store as its operators see them, whichever thing they are versions of: policies, bundles.
//
// Thread rule: plain functions.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "store/store.h"

namespace cw::app {

/// One thing that there are versions of.
struct VersionKind {
  const char* what = "";                                                           // "policy"
  store::Versions& (store::Store::*versions)(const std::string& owner) = nullptr;  // where they are
  std::string store::RunRow::*held = nullptr;           // which of the operator's a run holds
  std::string store::RunRow::*held_of_owner = nullptr;  // which of its owner's
  /// Raises: this program cannot read that version of that owner's.
  std::function<void(store::Store&, const std::string& hash, const std::string& owner)> readable{};
};

const VersionKind& policy_kind();
const VersionKind& bundle_kind();

/// "policy strict 3F9A12345678".
std::string shown(const VersionKind& kind, const store::Version& version);

/// What is said of versions, as of one moment: read once.
class VersionStates {
 public:
  /// `owner`: whose; empty: the operator's own.
  VersionStates(store::Store& store, const VersionKind& kind, const std::string& owner);

  /// "in use", "canary", "draining" (it was, and runs hold it), "ready" or "discarded".
  std::string of(const store::Version& version) const;
  /// state, name, hash, origin, loaded, loaded_by, discarded, runs: the ids of those that are not over and hold it.
  nlohmann::ordered_json json_of(const store::Version& version) const;
  /// That, `uses`: when it was in use, and why; and `canaries`: when it was one, and what came of it.
  nlohmann::ordered_json whole(const store::Version& version) const;
  /// hash, since, by, reason; null: none is.
  nlohmann::ordered_json in_use() const;
  /// The canary that is under way, else the last one that ended; null: there never was one.
  nlohmann::ordered_json canary() const;

 private:
  nlohmann::ordered_json json_of(const store::Canary& canary) const;

  store::Versions& versions_;
  std::optional<store::Use> in_use_;
  std::vector<store::Use> history_;
  std::vector<store::Canary> canaries_;
  std::map<std::string, std::vector<std::string>> holders_{};
};

/// All versions, on standard output; `under`: what runs begin under where none is in use; `canary`: as canary() gives
/// it.
void print_versions(const nlohmann::ordered_json& versions, const nlohmann::ordered_json& in_use,
                    const std::string& under, const nlohmann::ordered_json& canary = {});
/// What is known of one beside what it says, on standard output. `version`: as whole() gives it.
void print_version(const nlohmann::ordered_json& version);

}  // namespace cw::app
