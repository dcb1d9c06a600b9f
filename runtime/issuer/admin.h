// What the operator of the issuer's side may ask, over a unix socket that only its user can open: the state, faults,
// that an SSD is gone, that keys may be tried again.
//
//   GET  /admin/v1/state     tasks, SSDs, what is yet to be pushed
//   POST /admin/v1/status    {"seId", "sdAid", "status"}: the tenant is told; DELETED or RESETED
//   POST /admin/v1/allow     {"seId"}: keys that did not fit may be tried again
//   POST /admin/v1/faults    {"faults": [...]}: as in the file, in place of those
//
// Owner: the service. Thread rule: handle() from any thread.
#pragma once

#include "issuer/desk.h"
#include "net/server_request.h"

namespace cw::issuer {

class Admin {
 public:
  /// All are borrowed.
  Admin(const Configuration& configuration, Desk& desk, Faults& faults)
      : configuration_(configuration), desk_(desk), faults_(faults) {}

  void handle(net::ServerRequest request, net::Reply reply);

 private:
  std::string answer(const net::ServerRequest& request);
  std::string state() const;

  const Configuration& configuration_;
  Desk& desk_;
  Faults& faults_;
};

}  // namespace cw::issuer
