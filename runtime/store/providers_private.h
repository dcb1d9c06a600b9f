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

/// As Providers::want_managed().
void look_managed(Database& db, const std::string& name);
/// The same in a transaction, and it stays so until that ends.
void want_managed(Database& db, const std::string& name);
/// What the owner is, is about to change: whoever wants it managed has ended its transaction by then, or sees the
/// change. Before anything is read that the change depends on.
void hold_standing(Database& db, const std::string& name);

/// The first state of a new owner, or the next one, which needs hold_standing().
void put_standing(Database& db, const Standing& now);

/// What people write, as others see it in a list, on a page and in the audit: UTF-8, and nothing that prints other text
/// out of order. Raises usage.
void want_line(const std::string& what, const std::string& text);

/// An account of this name is one person on whatever machine: user@host. A certificate's subject is whole, so that
/// somebody with both is two (docs/decisions/0054-providers.md).
std::string person_of(const std::string& name);

}  // namespace cw::store
