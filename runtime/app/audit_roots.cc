#include "app/audit_roots.h"

#include "app/moment.h"
#include "store/audit_export.h"

namespace cw::app {

void export_root_if_due(store::Store& store, const char* configured) {
  if (configured == nullptr || *configured == '\0') return;
  const std::vector<store::AuditRoot> before = store::read_roots(configured);
  std::optional<store::AuditRoot> last;
  if (!before.empty()) last = before.back();
  const int64_t records = store.audit().size();
  if (last && records < last->size) store::append_root(configured, store.audit().root());  // raises: it went backwards
  if (store::root_is_due(last, records, now_ms())) store::append_root(configured, store.audit().root());
}

}  // namespace cw::app
