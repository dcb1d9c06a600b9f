// The ledgers of the store on its database: audit, budgets, outbox, rotations, versions, owners, domains, certificates.
// Several processes, and several connections of one, may have theirs on the same database.
//
// Owner: whoever made one; what it was made from outlives it. Thread rule: any thread.
#pragma once

#include <memory>

#include "store/audit.h"
#include "store/budgets.h"
#include "store/certificates.h"
#include "store/consents.h"
#include "store/database.h"
#include "store/domains.h"
#include "store/outbox.h"
#include "store/owners.h"
#include "store/proposals.h"
#include "store/providers.h"
#include "store/rotations.h"
#include "store/versions.h"

namespace cw::store {

/// What is added within a transaction of the same database is a part of that transaction.
std::unique_ptr<Audit> make_audit(Database& database);
/// What is swapped is written to `audit`, which is on the same database.
std::unique_ptr<Versions> make_policies(Database& database, Audit& audit, const std::string& owner = {});
std::unique_ptr<Versions> make_bundles(Database& database, Audit& audit, const std::string& owner = {});
std::unique_ptr<Owners> make_owners(Database& database, Audit& audit);
/// Changes are written to `audit`, which is on the same database.
std::unique_ptr<Domains> make_domains(Database& database, Audit& audit);
std::unique_ptr<Consents> make_consents(Database& database, Audit& audit);
std::unique_ptr<Providers> make_providers(Database& database, Audit& audit);
std::unique_ptr<Certificates> make_certificates(Database& database, Audit& audit);
std::unique_ptr<Proposals> make_proposals(Database& database, Audit& audit);
/// Resets are written to `audit`, which is on the same database.
std::unique_ptr<Budgets> make_budgets(Database& database, Audit& audit);
std::unique_ptr<Outbox> make_outbox(Database& database);
std::unique_ptr<Rotations> make_rotations(Database& database);

}  // namespace cw::store
