// What an owner is, within the store's tables.
//
// Thread rule: any thread.
#pragma once

#include <string>

#include "store/database.h"
#include "store/providers.h"

namespace cw::store {

/// The columns of provider_states, as standing_of() reads them.
inline constexpr const char* kStandingColumns =
    "SELECT owner, number, state, since, changed_by, why, valid_from, valid_until FROM provider_states";
Standing standing_of(const Row& row);
/// Raises usage: there is no such owner; store.
Standing standing_of(Database& db, const std::string& name);

/// As Providers::want_managed(), in the transaction that it is asked in.
void want_managed(Database& db, const std::string& name);

/// The first state of a new owner, or the next one.
void put_standing(Database& db, const Standing& now);

/// What people write, as others see it in a list, on a page and in the audit. Raises usage.
void want_line(const std::string& what, const std::string& text);

/// An account of this name is one person on whatever machine: user@host. A certificate's subject is whole.
std::string person_of(const std::string& name);

}  // namespace cw::store
