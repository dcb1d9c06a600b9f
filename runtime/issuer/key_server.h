// The key server of on-demand keys (V. Alimi, JDIM 2013) as it runs: TSMs that are accredited ask for the keys of a
// card, and have them under a KEK.
//
// Owner: whoever made it. Thread rule: one thread; it has threads of its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "crypto/key_store.h"
#include "issuer/key_server_config.h"

namespace cw::issuer {

/// What of the configuration does not fit the keys, or TLS: lines; empty: it can be used.
std::vector<std::string> check_use(const KeyServerConfiguration& configuration, const crypto::KeyStore& keys);

class KeyServer {
 public:
  /// Listens when it returns. Raises usage: the audit cannot be written, an address cannot be listened on; store: the
  /// audit was changed.
  KeyServer(const KeyServerConfiguration& configuration, std::shared_ptr<const crypto::KeyStore> keys);
  /// Lets the answers under way finish.
  ~KeyServer();
  KeyServer(const KeyServer&) = delete;
  KeyServer& operator=(const KeyServer&) = delete;

  /// Where TSMs ask, with the port that the system chose.
  const std::string& address() const;

  /// Reads the files of its TLS again, as a revocation list that grew, for connections from now on. Raises usage: they
  /// cannot be used, and all stays as it was.
  void reload_tls();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cw::issuer
