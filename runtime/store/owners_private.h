// What belongs to whom, within the store's tables.
//
// Thread rule: any thread.
#pragma once

#include <string>
#include <utility>

#include "store/database.h"

namespace cw::store {

/// What the tables of versions call those of an owner: "policy/acme"; "policy" are the operator's own.
std::string scope_of(const std::string& what, const std::string& owner);
/// The two of it.
std::pair<std::string, std::string> scope_from(const std::string& scope);

bool has_owner(Database& db, const std::string& name);
/// Raises usage: it cannot be one.
void want_owner_name(const std::string& name);
/// One of that name is deregistered.
[[noreturn]] void raise_was_there(const std::string& name);
/// A row for it, and that nothing of it is in use. What it is, is another row (put_standing()).
void add_owner(Database& db, const std::string& name, int64_t now, const std::string& by);

/// Raises usage: there is no such owner; store.
void want_owner(Database& db, const std::string& name);

/// Whether a version of the owner's ever came into use. Of an owner who has none, the operator's count. Raises store.
bool any_was_in_use(Database& db, const std::string& what, const std::string& owner);

}  // namespace cw::store
