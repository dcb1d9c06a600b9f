// What operators want of versions: done at once, or proposed where the policy in use asks for two persons.
//
// Thread rule: plain functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "app/bundle_source.h"
#include "app/version_kind.h"
#include "engine/bundle.h"
#include "store/store.h"

namespace cw::app {

struct VersionChange {
  enum class Is : uint8_t { use, rollback };
  Is is = Is::use;
  std::string owner{};  // whose versions; empty: the operator's own
  std::string hash{};   // of the version that is to come into use; of a rollback: found by itself
  int64_t share = 0;    // of a canary, of store::kWhole; 0, or all: it is none
  std::string by{};
  std::string reason{};
  Signers signers{};  // of bundles: only what one of theirs has signed comes into use
};

/// What a policy's `approval` calls that an owner is approved.
inline constexpr const char* kOwnerApprove = "owner approve";
/// And that the operator gives a provider's consent for it.
inline constexpr const char* kConsentGive = "consent give";
/// Whether the operator's policy wants two persons for it.
bool wants_second_person(store::Store& store, const std::string& action, const engine::Bundle& tools);

/// "5%" or "0.5%", of store::kWhole. Raises usage: something else.
int64_t parse_share(const std::string& text);
std::string share_text(int64_t share);

/// What was done: `name` and `hash` of the version that it was about; `canary`: its share, or null; `proposal`: its id,
/// where nothing is done yet, or null. `tools`: that policies are compiled with. deny_all waits for nobody, nor does
/// the end of a canary. Raises usage, as Versions; store, script: this program cannot read it.
nlohmann::ordered_json change_version(store::Store& store, const VersionKind& kind, VersionChange change,
                                      const engine::Bundle& tools);

/// The same, of what another operator proposed. Raises usage: it is not open, or one's own.
nlohmann::ordered_json approve_change(store::Store& store, const std::string& proposal, const std::string& by,
                                      const Signers& signers = {});

nlohmann::ordered_json json_of(const store::Proposal& proposal);

/// What became of it, for people, on one line. `there`: of a use, and of a rollback.
std::string told(const VersionKind& kind, const nlohmann::ordered_json& change, const std::string& there);

}  // namespace cw::app
