// The tables of owners, as of format 5. What a process holds of a run was called its owner before.
#pragma once

namespace cw::store {

inline constexpr const char* kRunsHolder = "ALTER TABLE runs RENAME COLUMN owner TO holder";
inline constexpr const char* kRunsOwner = "ALTER TABLE runs ADD COLUMN owner @text NOT NULL DEFAULT ''";
inline constexpr const char* kRunsOwnerPolicy = "ALTER TABLE runs ADD COLUMN owner_policy @text NOT NULL DEFAULT ''";
inline constexpr const char* kRunsOwnerPolicyHash =
    "ALTER TABLE runs ADD COLUMN owner_policy_hash @text NOT NULL DEFAULT ''";

inline constexpr const char* kOwners =
    "CREATE TABLE owners (name @text PRIMARY KEY, since @number NOT NULL, added_by @text NOT NULL)";
inline constexpr const char* kCards =
    "CREATE TABLE cards (card @text PRIMARY KEY, owner @text NOT NULL REFERENCES owners(name), since @number NOT NULL, "
    "given_by @text NOT NULL)";
inline constexpr const char* kCardsByOwner = "CREATE INDEX cards_by_owner ON cards (owner, card)";

}  // namespace cw::store
