// The paths of the issuer's side over HTTP: who asks, which message it is, and what is wrong on purpose. Business
// errors are 200 with a resultCode; 4xx is for what is no message of somebody known.
//
// Owner: the service. Thread rule: handle() from any thread.
#pragma once

#include <memory>

#include "issuer/desk.h"
#include "net/server_request.h"

namespace cw::issuer {

class Delays;
class Signatures;

class Door {
 public:
  /// All are borrowed.
  Door(const Configuration& configuration, Desk& desk, Faults& faults, const crypto::KeyStore& keys, Clock clock);
  ~Door();
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  void handle(net::ServerRequest request, net::Reply reply);

 private:
  struct Asked {
    const char* call = "";  // for faults
    std::string tenant{};
    Signed signature{};
    std::function<Answer(const Tenant&)> answer{};  // empty: no such path
  };
  Asked read(const net::ServerRequest& request);
  void send(net::Reply reply, const char* call, Answer answer);

  const Configuration& configuration_;
  Desk& desk_;
  Faults& faults_;
  const std::unique_ptr<Signatures> signatures_;
  const std::unique_ptr<Delays> delays_;
};

}  // namespace cw::issuer
