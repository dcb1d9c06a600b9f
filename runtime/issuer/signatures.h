// Signatures over the elements of messages, as a tenant and the issuer agreed: under one key both ways if it is a
// symmetric one.
//
// Owner: the door, or who pushes. Thread rule: all functions from any thread.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "crypto/key_store.h"
#include "issuer/desk.h"

namespace cw::issuer {

class Signatures {
 public:
  Signatures(const crypto::KeyStore& keys, Clock clock) : keys_(keys), clock_(std::move(clock)) {}

  /// Raises policy, where this tenant has to sign: no signature, a wrong one, a message older than five minutes, or one
  /// that was here before.
  void check(const Tenant& tenant, const Signed& message);

 private:
  const crypto::KeyStore& keys_;
  const Clock clock_;
  std::mutex mutex_;
  std::map<std::string, int64_t> nonces_;  // of each tenant, and until when they are kept
};

}  // namespace cw::issuer
