#include "app/audit_roots.h"

#include "app/moment.h"
#include "store/audit_export.h"

namespace cw::app {

namespace {

/// Also where the audit went backwards, which is refused then.
bool is_due(store::Audit& audit, const std::optional<store::AuditRoot>& last) {
  const int64_t records = audit.size();
  return (last && records < last->size) || store::root_is_due(last, records, now_ms());
}

}  // namespace

void export_root_if_due(store::Store& store, const char* configured) {
  if (configured == nullptr || *configured == '\0') return;
  store::Audit& audit = store.audit();
  const std::vector<store::AuditRoot> before = store::read_roots(configured);
  if (!is_due(audit, before.empty() ? std::nullopt : std::optional(before.back()))) return;
  store::append_root(configured, [&](const auto& last) {
    // Another process may have been faster.
    return is_due(audit, last) ? std::optional(audit.root()) : std::nullopt;
  });
}

}  // namespace cw::app
