#include "app/version_kind.h"

#include <algorithm>
#include <iostream>

#include <unistd.h>

#include "app/bundle_source.h"
#include "app/json_text.h"
#include "app/moment.h"
#include "app/policy_source.h"
#include "app/session.h"
#include "app/table.h"

namespace cw::app {

using nlohmann::ordered_json;

const VersionKind& policy_kind() {
  static const VersionKind kind{
      "policy", &store::Store::policies, &store::RunRow::policy_hash,
      [](store::Store& store, const std::string& hash) { stored_policy(store, hash, *load_bundle()); }};
  return kind;
}

const VersionKind& bundle_kind() {
  static const VersionKind kind{
      "bundle", &store::Store::bundles, &store::RunRow::bundle,
      [](store::Store& store, const std::string& hash) { engine::check_scripts(*stored_bundle(store, hash).bundle); }};
  return kind;
}

std::string shown(const VersionKind& kind, const store::Version& version) {
  return printable(std::string(kind.what) + " " + version.name + " " + version.hash.substr(0, 12));
}

VersionStates::VersionStates(store::Store& store, const VersionKind& kind)
    : in_use_((store.*kind.versions)().in_use()), history_((store.*kind.versions)().history()) {}

/// A version that was in use drains until the last run that began under it is over.
std::string VersionStates::of(const store::Version& version) const {
  if (in_use_ && version.hash == in_use_->hash) return "in use";
  if (version.discarded != 0) return "discarded";
  const bool used =
      std::any_of(history_.begin(), history_.end(), [&](const store::Use& use) { return use.hash == version.hash; });
  return used && version.runs > 0 ? "draining" : "ready";
}

std::vector<std::string> holders(store::Store& store, const VersionKind& kind, const std::string& hash) {
  std::vector<std::string> out;
  for (const store::RunRow& run : store.runs().list({})) {
    if (run.*kind.held == hash && !store::is_over(run.state)) out.push_back(run.id);
  }
  return out;
}

ordered_json json_of(store::Store& store, const VersionKind& kind, const store::Version& version,
                     const VersionStates& states, bool uses) {
  ordered_json out = {{"state", states.of(version)},
                      {"name", version.name},
                      {"hash", version.hash},
                      {"origin", version.origin},
                      {"loaded", version.loaded},
                      {"loaded_by", version.loaded_by},
                      {"discarded", version.discarded},
                      {"runs", version.runs == 0 ? std::vector<std::string>() : holders(store, kind, version.hash)}};
  if (!uses) return out;
  out["uses"] = ordered_json::array();
  for (const store::Use& use : states.history()) {
    if (use.hash == version.hash) out["uses"].push_back({{"since", use.since}, {"by", use.by}, {"reason", use.reason}});
  }
  return out;
}

void print_versions(store::Store& store, const VersionKind& kind, bool as_json, const std::string& under) {
  const VersionStates states(store, kind);
  ordered_json all = ordered_json::array();
  Table table;
  table.columns = {"state", "name", "hash", "loaded", "by", "runs"};
  for (const store::Version& version : (store.*kind.versions)().list()) {
    if (as_json) all.push_back(json_of(store, kind, version, states, false));
    table.rows.push_back({states.of(version), version.name, version.hash.substr(0, 12), utc_text(version.loaded),
                          version.loaded_by, std::to_string(version.runs)});
  }
  if (as_json) {
    print_json(all);
    return;
  }
  if (!table.rows.empty()) std::cout << table.format(Terminal::of(STDOUT_FILENO));
  if (const std::optional<store::Use>& now = states.in_use()) {
    std::cout << "runs begin under " << now->hash.substr(0, 12) << " since " << utc_text(now->since) << ", by "
              << printable(now->by) << (now->reason.empty() ? "" : ": " + printable(now->reason)) << std::endl;
  } else {
    std::cout << "none is in use: runs begin under " << under << std::endl;
  }
}

void print_version(store::Store& store, const VersionKind& kind, const store::Version& version,
                   const VersionStates& states) {
  std::cout << printable(version.name) << ", " << states.of(version) << '\n'
            << "hash    " << version.hash << '\n'
            << "loaded  " << utc_text(version.loaded) << " by " << printable(version.loaded_by) << " from "
            << printable(version.origin) << '\n';
  for (const store::Use& use : states.history()) {
    if (use.hash != version.hash) continue;
    std::cout << "used    " << utc_text(use.since) << " by " << printable(use.by)
              << (use.reason.empty() ? "" : ": " + printable(use.reason)) << '\n';
  }
  for (const std::string& run : holders(store, kind, version.hash)) std::cout << "run     " << run << '\n';
}

}  // namespace cw::app
