// The tables of providers, as of format 6: what an owner was at which time, and what is known of it.
#pragma once

namespace cw::store {

// What stays of an owner as long as its name does; free text.
inline constexpr const char* kOwnersOrganisation =
    "ALTER TABLE owners ADD COLUMN organisation @text NOT NULL DEFAULT ''";
inline constexpr const char* kOwnersContact = "ALTER TABLE owners ADD COLUMN contact @text NOT NULL DEFAULT ''";
inline constexpr const char* kOwnersRemarks = "ALTER TABLE owners ADD COLUMN remarks @text NOT NULL DEFAULT ''";

// The row with the highest `number` is what it is now. `valid_from`, `valid_until`: the period it is approved for, in
// milliseconds since 1970, which stays while it is suspended; until 0: there is no end.
inline constexpr const char* kProviderStates =
    "CREATE TABLE provider_states (owner @text NOT NULL REFERENCES owners(name), number @number NOT NULL, "
    "state @text NOT NULL, since @number NOT NULL, changed_by @text NOT NULL, why @text NOT NULL, "
    "valid_from @number NOT NULL, valid_until @number NOT NULL, PRIMARY KEY (owner, number))";
// Owners that there were before stay managed, without an end.
inline constexpr const char* kOwnersApproved =
    "INSERT INTO provider_states (owner, number, state, since, changed_by, why, valid_from, valid_until) "
    "SELECT name, 1, 'approved', since, added_by, '', since, 0 FROM owners";

}  // namespace cw::store
