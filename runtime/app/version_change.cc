#include "app/version_change.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "app/json_text.h"
#include "app/moment.h"
#include "app/policy_source.h"
#include "app/terminal.h"
#include "base/error.h"

namespace cw::app {

using nlohmann::ordered_json;

namespace {

const char* name_of(VersionChange::Is is) { return is == VersionChange::Is::use ? "use" : "rollback"; }

const VersionKind& kind_named(const std::string& what) { return what == "policy" ? policy_kind() : bundle_kind(); }

bool is_canary(const VersionChange& change) { return change.share > 0 && change.share < store::kWhole; }

/// The one that says whether two persons are needed: in use, or in use before everything was stopped, since the end of
/// an emergency is no way around it. Null: none asks.
std::shared_ptr<const engine::Policy> asking_policy(store::Store& store, const std::string& owner,
                                                    const std::string& deny_all, const engine::Bundle& tools) {
  for (const store::Use& use : store.policies(owner).history()) {
    if (use.hash == deny_all) continue;
    return stored_policy(store, use.hash, tools, owner);
  }
  return nullptr;
}

bool wants_approval(store::Store& store, const VersionKind& kind, const VersionChange& change,
                    const engine::Bundle& tools) {
  const std::string deny_all = load_policy_file(shipped_policy(kDenyAll), tools)->hash();
  if (change.hash == deny_all) return false;
  const auto asks = [&](const std::string& owner) {
    const auto policy = asking_policy(store, owner, deny_all, tools);
    return policy && policy->wants_approval(std::string(kind.what) + " " + name_of(change.is));
  };
  return asks({}) || (!change.owner.empty() && asks(change.owner));
}

/// Where a rollback leads to. Raises usage: there was none before.
std::string version_before(store::Versions& versions, const std::string& what) {
  const std::vector<store::Use> history = versions.history();
  if (history.size() > 1) return history[1].hash;
  throw Error(ErrorKind::usage, "no " + what + " was in use before the one that is; cardwright " + what +
                                    " use takes any of cardwright " + what + " list");
}

ordered_json answer(const store::Version& version, ordered_json canary, ordered_json proposal) {
  return {
      {"name", version.name}, {"hash", version.hash}, {"canary", std::move(canary)}, {"proposal", std::move(proposal)}};
}

/// Nothing that this program cannot read comes into use, nor what nobody signed where that is asked for.
void want_usable(store::Store& store, const VersionKind& kind, const VersionChange& change) {
  kind.readable(store, change.hash, change.owner);
  if (&kind != &bundle_kind() || change.signers.empty()) return;
  want_signed(stored_bundle(store, change.hash, change.owner), change.signers,
              shown(kind, store.bundles(change.owner).find(change.hash)));
}

/// Of what is usable.
ordered_json carry_out(store::Store& store, const VersionKind& kind, const VersionChange& change) {
  store::Versions& versions = (store.*kind.versions)(change.owner);
  const store::Version version = versions.find(change.hash);
  if (change.is == VersionChange::Is::rollback) {
    if (versions.roll_back(change.by, change.reason).hash != change.hash) {
      throw Error(ErrorKind::usage, "another " + std::string(kind.what) + " came into use meanwhile");
    }
    return answer(version, nullptr, nullptr);
  }
  if (!is_canary(change)) {
    versions.use(change.hash, change.by, change.reason);
    return answer(version, nullptr, nullptr);
  }
  return answer(version, share_text(versions.begin_canary(change.hash, change.share, change.by, change.reason).share),
                nullptr);
}

}  // namespace

bool wants_second_person(store::Store& store, const std::string& action, const engine::Bundle& tools) {
  const std::string deny_all = load_policy_file(shipped_policy(kDenyAll), tools)->hash();
  const auto policy = asking_policy(store, {}, deny_all, tools);
  return policy && policy->wants_approval(action);
}

int64_t parse_share(const std::string& text) {
  constexpr int kDigits = 3;  // behind the point: kWhole is 100%
  const auto refuse = [&] {
    throw Error(ErrorKind::usage, "'" + printable(text) + "' is no part of the runs; write 5%, or 0.5%, up to 100%");
  };
  if (text.size() < 2 || text.back() != '%') refuse();
  const std::string number = text.substr(0, text.size() - 1);
  const size_t point = std::min(number.find('.'), number.size());
  std::string digits = number.substr(0, point);
  std::string behind = number.substr(std::min(point + 1, number.size()));
  if (digits.empty() || behind.size() > kDigits || (point < number.size() && behind.empty())) refuse();
  behind.resize(kDigits, '0');
  digits += behind;
  int64_t out = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  if (error != std::errc() || end != digits.data() + digits.size() || out < 1 || out > store::kWhole) refuse();
  return out;
}

std::string share_text(int64_t share) {
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), "%g%%", static_cast<double>(share) * 100 / static_cast<double>(store::kWhole));
  return out.data();
}

ordered_json change_version(store::Store& store, const VersionKind& kind, VersionChange change,
                            const engine::Bundle& tools) {
  store::Versions& versions = (store.*kind.versions)(change.owner);
  if (change.is == VersionChange::Is::rollback) {
    if (versions.canary()) {
      const store::Canary ended = versions.end_canary(change.by, change.reason);
      return answer(versions.find(ended.hash), "ended", nullptr);
    }
    change.hash = version_before(versions, kind.what);
  }
  want_usable(store, kind, change);
  if (!wants_approval(store, kind, change, tools)) return carry_out(store, kind, change);
  store::Proposal wanted;
  wanted.what = kind.what;
  wanted.owner = change.owner;
  wanted.action = name_of(change.is);
  wanted.hash = change.hash;
  wanted.share = is_canary(change) ? change.share : 0;
  wanted.by = change.by;
  wanted.reason = change.reason;
  const std::string id = store.proposals().make(wanted).id;
  return answer(versions.find(change.hash), is_canary(change) ? ordered_json(share_text(change.share)) : nullptr, id);
}

ordered_json approve_change(store::Store& store, const std::string& proposal, const std::string& by,
                            const Signers& signers) {
  const store::Proposal of = store.proposals().find(proposal);
  const VersionKind& kind = kind_named(of.what);
  VersionChange change;
  change.is = of.action == "use" ? VersionChange::Is::use : VersionChange::Is::rollback;
  change.owner = of.owner;
  change.hash = of.hash;
  change.share = of.share;
  change.by = by;
  change.signers = signers;
  change.reason = "proposed by " + of.by + (of.reason.empty() ? "" : ": " + of.reason);
  ordered_json out = answer((store.*kind.versions)(of.owner).find(of.hash), nullptr, nullptr);
  want_usable(store, kind, change);  // that takes its time: not while the store is held
  store.proposals().approve(of.id, by, [&] { out = carry_out(store, kind, change); });
  out["what"] = of.what;
  return out;
}

ordered_json json_of(const store::Proposal& proposal) {
  return {{"id", proposal.id},
          {"what", proposal.what},
          {"owner", proposal.owner},
          {"action", proposal.action},
          {"hash", proposal.hash},
          {"canary", proposal.share == 0 ? ordered_json() : ordered_json(share_text(proposal.share))},
          {"reason", proposal.reason},
          {"made", proposal.made},
          {"by", proposal.by},
          {"expires", proposal.expires},
          {"decided", proposal.decided},
          {"decided_by", proposal.decided_by},
          {"outcome", proposal.outcome}};
}

std::string told(const VersionKind& kind, const ordered_json& change, const std::string& there) {
  const std::string it =
      printable(std::string(kind.what) + " " + text_in(change, "name") + " " + text_in(change, "hash").substr(0, 12));
  const std::string canary = text_in(change, "canary");
  if (const std::string proposal = text_in(change, "proposal"); !proposal.empty()) {
    return it +
           " is proposed, and nothing is changed yet: within a day another person approves it with cardwright policy "
           "approve " +
           proposal;
  }
  if (canary == "ended") return it + " is a canary no more: every run begins under the one in use";
  if (!canary.empty()) {
    return it + " is a canary: from now on " + printable(canary) + " of the runs on this store begin under it";
  }
  return it + there;
}

}  // namespace cw::app
