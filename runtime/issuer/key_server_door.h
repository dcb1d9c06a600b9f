// The paths of the key server over HTTP: who asks, in which form, and a line of the audit before each answer.
//
//   POST /keyserver/v1/keys   JSON
//   POST /keyserver           SOAP: text/xml is 1.1, application/soap+xml is 1.2
//   GET  /keyserver?wsdl
//
// Owner: the key server. Thread rule: handle() from any thread.
#pragma once

#include "issuer/desk.h"
#include "issuer/key_server_audit.h"
#include "issuer/key_server_desk.h"
#include "issuer/key_server_soap.h"
#include "net/server_request.h"

namespace cw::issuer {

class KeyServerDoor {
 public:
  /// All are borrowed.
  KeyServerDoor(const KeyServerConfiguration& configuration, const KeyServerDesk& desk, KeyServerAudit& audit,
                Clock clock);

  void handle(const net::ServerRequest& request, net::Reply reply);

 private:
  struct Form {
    std::optional<SoapVersion> soap{};  // nothing: JSON
    bool known = true;                  // Content-Type is one of those
    std::string name() const;
  };
  static Form form_of(const net::ServerRequest& request, bool soap);
  void answer(const net::ServerRequest& request, const Form& form, net::Reply reply);
  KeyServerAnswer decide(const net::ServerRequest& request, const Form& form, AuditedRequest& audited) const;
  std::string location(const net::ServerRequest& request) const;

  const KeyServerConfiguration& configuration_;
  const KeyServerDesk& desk_;
  KeyServerAudit& audit_;
  const Clock clock_;
};

}  // namespace cw::issuer
