// The issuer's side as it runs: its doors, its desk, and who pushes.
//
// Owner: whoever made it. Thread rule: one thread; it has threads of its own.
#pragma once

#include <memory>
#include <string>

#include "crypto/key_store.h"
#include "issuer/config.h"

namespace cw::issuer {

/// What of the configuration does not fit the keys, or TLS: lines; empty: it can be used.
std::vector<std::string> check_use(const Configuration& configuration, const crypto::KeyStore& keys);

class Service {
 public:
  /// Listens when it returns. Raises usage: the state cannot be read, an address cannot be listened on.
  Service(const Configuration& configuration, std::shared_ptr<const crypto::KeyStore> keys);
  /// Lets the answers under way finish.
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// Where tenants ask, with the port that the system chose.
  const std::string& address() const;

  /// Reads the files of its TLS again, as a revocation list that grew, for connections from now on. Raises usage: they
  /// cannot be used, and all stays as it was.
  void reload_tls();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cw::issuer
