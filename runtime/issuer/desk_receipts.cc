#include "issuer/desk.h"

namespace cw::issuer {

Answer Desk::receipts(const Tenant& tenant, const ReceiptsRequest& request) {
  return guarded(tenant.id, [&]() -> Answer { throw Error(ErrorKind::usage, "TEMPORARY" + request.se_id); });
}

}  // namespace cw::issuer
