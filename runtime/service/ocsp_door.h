// The door of an authority: answers OCSP (RFC 6960, over HTTP as its appendix A says) and gives out the authority's
// revocation list and certificate. All of it is signed, so it is plain HTTP.
//
// Owner: whoever made it; what it was given outlives it. Thread rule: handle() from any thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "crypto/ocsp.h"
#include "net/server_request.h"
#include "store/certificates.h"

namespace cw::service {

struct OcspDoorSetup {
  std::string authority{};
  std::function<crypto::Authority()> responder{};  // who signs now. Raises usage: nobody may, as one that was revoked
  int64_t good_for_s = 3600;                       // an answer
  std::function<int64_t()> now{};                  // milliseconds since 1970
};

class OcspDoor {
 public:
  /// Raises usage: no such authority, no responder, or one whose key does not sign.
  OcspDoor(store::Certificates& certificates, OcspDoorSetup setup);

  /// Asks again who signs, since certificates end, are renewed and revoked. To be called now and then: a responder of
  /// whom clients cannot ask whether it was revoked (noCheck) has to see to that itself. While nobody may sign, whoever
  /// asks is told to try later, and the log says so once.
  void look_after_responder();

  /// POST / and GET /BASE64 ask; GET /NAME.crl and GET /NAME.cer are the list and the certificate, DER.
  void handle(const net::ServerRequest& request, net::Reply reply);

  struct Counters {
    uint64_t good = 0, revoked = 0, unknown = 0, refused = 0;
  };
  Counters counters() const;

 private:
  /// Raises usage: nobody may sign, or the certificate is out of date.
  std::shared_ptr<const crypto::Authority> find_responder() const;
  /// Who signs; null: nobody may.
  std::shared_ptr<const crypto::Authority> responder() const;
  net::ServerAnswer answer(const net::ServerRequest& request);
  net::ServerAnswer ask(ByteView request);
  net::ServerAnswer list();
  crypto::OcspAnswer state_of(const crypto::OcspQuestion& question);

  store::Certificates& all_;
  const OcspDoorSetup setup_;
  const Bytes certificate_;  // of the authority
  mutable std::mutex mutex_;
  std::shared_ptr<const crypto::Authority> responder_{};
  std::string problem_{};  // why there is none
  std::atomic<uint64_t> good_{0}, revoked_{0}, unknown_{0}, refused_{0};
};

}  // namespace cw::service
