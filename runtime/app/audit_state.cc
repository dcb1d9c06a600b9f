#include "app/audit_state.h"

namespace cw::app {

using nlohmann::ordered_json;

AuditState audit_state(store::Store& store, const std::vector<store::AuditRoot>& roots) {
  AuditState out;
  out.roots = roots.size();
  out.verdict = store.audit().verify(roots);
  if (!out.verdict.broken) out.journals = store.check_journals();
  return out;
}

ordered_json AuditState::json() const {
  ordered_json out = {{"records", verdict.records}, {"roots", roots}, {"broken", nullptr}};
  if (verdict.broken) out["broken"] = *verdict.broken;
  out["journals"] = {{"whole", journals.whole}, {"forgotten", journals.forgotten}, {"broken", journals.broken}};
  return out;
}

}  // namespace cw::app
