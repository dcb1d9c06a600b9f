// How a record of the audit is written (docs/decisions/0019), and found again.
#pragma once

#include "store/audit.h"
#include "store/database.h"

namespace cw::store {

/// Actor, action, subject and details, each with its length in front: one text for one entry.
Bytes encoded(const AuditEntry& entry);
/// Raises store: not what encoded() gives.
AuditEntry decoded_entry(ByteView text);

/// Columns of a record, in the order of record_in().
inline constexpr const char* kRecordColumns = "number, time, previous, entry, hash";
/// Raises store: a corrupt row.
AuditRecord record_in(const Row& row);

/// Follows the whole chain (audit_verify.cc).
Audit::Verdict verify_audit(Database& database, const std::vector<AuditRoot>& outside);

/// A row of size, time, hash. Raises store: a corrupt row.
AuditRoot root_in(const Row& row);

}  // namespace cw::store
