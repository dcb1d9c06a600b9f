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

namespace {

std::string begin_of(const ordered_json& version) { return text_in(version, "hash").substr(0, 12); }

std::string when(const ordered_json& ms) { return utc_text(ms.get<int64_t>()); }

std::string because(const ordered_json& use) {
  const std::string reason = text_in(use, "reason");
  return reason.empty() ? "" : ": " + printable(reason);
}

}  // namespace

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
    : in_use_((store.*kind.versions)().in_use()), history_((store.*kind.versions)().history()) {
  using store::RunState;
  for (const RunState state : {RunState::running, RunState::waiting, RunState::stuck}) {
    store::RunFilter filter;
    filter.state = state;
    for (const store::RunRow& run : store.runs().list(filter)) holders_[run.*kind.held].push_back(run.id);
  }
}

/// A version that was in use drains until the last run that began under it is over.
std::string VersionStates::of(const store::Version& version) const {
  if (in_use_ && version.hash == in_use_->hash) return "in use";
  if (version.discarded != 0) return "discarded";
  const bool used =
      std::any_of(history_.begin(), history_.end(), [&](const store::Use& use) { return use.hash == version.hash; });
  return used && version.runs > 0 ? "draining" : "ready";
}

ordered_json VersionStates::json_of(const store::Version& version) const {
  const auto held = holders_.find(version.hash);
  return {
      {"state", of(version)},           {"name", version.name},
      {"hash", version.hash},           {"origin", version.origin},
      {"loaded", version.loaded},       {"loaded_by", version.loaded_by},
      {"discarded", version.discarded}, {"runs", held == holders_.end() ? std::vector<std::string>() : held->second}};
}

ordered_json VersionStates::whole(const store::Version& version) const {
  ordered_json out = json_of(version);
  out["uses"] = ordered_json::array();
  for (const store::Use& use : history_) {
    if (use.hash == version.hash) out["uses"].push_back({{"since", use.since}, {"by", use.by}, {"reason", use.reason}});
  }
  return out;
}

ordered_json VersionStates::in_use() const {
  if (!in_use_) return nullptr;
  return {{"hash", in_use_->hash}, {"since", in_use_->since}, {"by", in_use_->by}, {"reason", in_use_->reason}};
}

void print_versions(const ordered_json& versions, const ordered_json& in_use, const std::string& under) {
  Table table;
  table.columns = {"state", "name", "hash", "loaded", "by", "runs"};
  for (const ordered_json& version : versions) {
    table.rows.push_back({text_in(version, "state"), text_in(version, "name"), begin_of(version),
                          when(version.at("loaded")), text_in(version, "loaded_by"),
                          std::to_string(version.at("runs").size())});
  }
  if (!table.rows.empty()) std::cout << table.format(Terminal::of(STDOUT_FILENO));
  if (in_use.is_object()) {
    std::cout << "runs begin under " << begin_of(in_use) << " since " << when(in_use.at("since")) << ", by "
              << printable(text_in(in_use, "by")) << because(in_use) << std::endl;
  } else {
    std::cout << "none is in use: runs begin under " << under << std::endl;
  }
}

void print_version(const ordered_json& version) {
  std::cout << printable(text_in(version, "name")) << ", " << text_in(version, "state") << '\n'
            << "hash    " << text_in(version, "hash") << '\n'
            << "loaded  " << when(version.at("loaded")) << " by " << printable(text_in(version, "loaded_by"))
            << " from " << printable(text_in(version, "origin")) << '\n';
  for (const ordered_json& use : version.at("uses")) {
    std::cout << "used    " << when(use.at("since")) << " by " << printable(text_in(use, "by")) << because(use) << '\n';
  }
  for (const ordered_json& run : version.at("runs")) {
    std::cout << "run     " << printable(run.get<std::string>()) << '\n';
  }
}

}  // namespace cw::app
