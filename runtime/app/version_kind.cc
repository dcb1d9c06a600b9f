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
#include "app/version_change.h"

namespace cw::app {

using nlohmann::ordered_json;

namespace {

std::string begin_of(const ordered_json& version) { return text_in(version, "hash").substr(0, 12); }

std::string when(const ordered_json& ms) { return utc_text(ms.get<int64_t>()); }

std::string because(const ordered_json& use) {
  const std::string reason = text_in(use, "reason");
  return reason.empty() ? "" : ": " + printable(reason);
}

/// "5% of the runs since 2026-..., by ada@desk: try it; 1 of 12 runs failed, and 0 of 200 others; p = 0.06".
std::string canary_text(const ordered_json& canary) {
  std::string out = text_in(canary, "share") + " of the runs since " + when(canary.at("begun")) + ", by " +
                    printable(text_in(canary, "by")) + because(canary) + "; " + text_in(canary, "numbers");
  if (canary.at("ended") == 0) return out;
  const std::string why = text_in(canary, "why");
  out +=
      "; " + text_in(canary, "how") + " " + when(canary.at("ended")) + " by " + printable(text_in(canary, "ended_by"));
  return why.empty() || why == text_in(canary, "numbers") ? out : out + ": " + printable(why);
}

}  // namespace

const VersionKind& policy_kind() {
  static const VersionKind kind{"policy", &store::Store::policies, &store::RunRow::policy_hash,
                                &store::RunRow::owner_policy_hash,
                                [](store::Store& store, const std::string& hash, const std::string& owner) {
                                  stored_policy(store, hash, *load_bundle(), owner);
                                }};
  return kind;
}

const VersionKind& bundle_kind() {
  static const VersionKind kind{"bundle", &store::Store::bundles, &store::RunRow::bundle, &store::RunRow::bundle,
                                [](store::Store& store, const std::string& hash, const std::string& owner) {
                                  engine::check_scripts(*stored_bundle(store, hash, owner).bundle);
                                }};
  return kind;
}

std::string shown(const VersionKind& kind, const store::Version& version) {
  return printable(std::string(kind.what) + " " + version.name + " " + version.hash.substr(0, 12));
}

VersionStates::VersionStates(store::Store& store, const VersionKind& kind, const std::string& owner)
    : versions_((store.*kind.versions)(owner)),
      in_use_(versions_.in_use()),
      history_(versions_.history()),
      canaries_(versions_.canaries()) {
  using store::RunState;
  for (const RunState state : {RunState::running, RunState::waiting, RunState::stuck}) {
    store::RunFilter filter;
    filter.state = state;
    if (!owner.empty()) filter.owner = owner;
    const auto held = owner.empty() ? kind.held : kind.held_of_owner;
    for (const store::RunRow& run : store.runs().list(filter)) holders_[run.*held].push_back(run.id);
  }
}

/// A version that was in use drains until the last run that began under it is over.
std::string VersionStates::of(const store::Version& version) const {
  if (in_use_ && version.hash == in_use_->hash) return "in use";
  if (!canaries_.empty() && canaries_[0].ended == 0 && canaries_[0].hash == version.hash) return "canary";
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
  out["canaries"] = ordered_json::array();
  for (const store::Canary& canary : canaries_) {
    if (canary.hash == version.hash) out["canaries"].push_back(json_of(canary));
  }
  return out;
}

ordered_json VersionStates::json_of(const store::Canary& canary) const {
  return {{"hash", canary.hash},
          {"name", versions_.find(canary.hash).name},
          {"share", share_text(canary.share)},
          {"begun", canary.begun},
          {"by", canary.by},
          {"reason", canary.reason},
          {"runs", canary.own.all()},
          {"failed", canary.own.bad},
          {"others", canary.others.all()},
          {"others_failed", canary.others.bad},
          {"p", store::p_of(canary)},
          {"numbers", store::numbers_of(canary)},
          {"ended", canary.ended},
          {"ended_by", canary.ended_by},
          {"how", canary.how},
          {"why", canary.why}};
}

ordered_json VersionStates::canary() const {
  if (canaries_.empty()) return nullptr;
  return json_of(canaries_[0]);
}

ordered_json VersionStates::in_use() const {
  if (!in_use_) return nullptr;
  return {{"hash", in_use_->hash}, {"since", in_use_->since}, {"by", in_use_->by}, {"reason", in_use_->reason}};
}

void print_versions(const ordered_json& versions, const ordered_json& in_use, const std::string& under,
                    const ordered_json& canary) {
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
  if (canary.is_object()) std::cout << "canary " << begin_of(canary) << ' ' << canary_text(canary) << std::endl;
}

void print_version(const ordered_json& version) {
  std::cout << printable(text_in(version, "name")) << ", " << text_in(version, "state") << '\n'
            << "hash    " << text_in(version, "hash") << '\n'
            << "loaded  " << when(version.at("loaded")) << " by " << printable(text_in(version, "loaded_by"))
            << " from " << printable(text_in(version, "origin")) << '\n';
  for (const ordered_json& use : version.at("uses")) {
    std::cout << "used    " << when(use.at("since")) << " by " << printable(text_in(use, "by")) << because(use) << '\n';
  }
  for (const ordered_json& canary : version.at("canaries")) {
    std::cout << "canary  " << canary_text(canary) << '\n';
  }
  for (const ordered_json& run : version.at("runs")) {
    std::cout << "run     " << printable(run.get<std::string>()) << '\n';
  }
}

}  // namespace cw::app
